import { createHash } from "node:crypto";
import test from "ava";
import { livePage, reportHtml } from "../../src/publish/index.js";
import { sampleReport } from "../report/sampleReport.js";

const hostile = "</script><img src=x onerror=alert(1)><!--";

test("names that look like HTML stay data", async (t) => {
  const sample = await sampleReport(20);
  const images = sample.images && { ...sample.images, names: sample.images.names.map(() => hostile) };
  const html = await reportHtml({ ...sample, run: { ...sample.run, name: hostile }, images });
  t.false(html.includes(hostile));
  t.false(html.includes("<img src=x"));
  const data = /<script type="application\/json" id="data">(.*?)<\/script>/s.exec(html)?.[1] ?? "";
  t.false(data.includes("<"));
  const read = JSON.parse(data) as typeof sample;
  t.is(read.images?.names[7], hostile);
  t.is(read.run.name, hostile);
});

/** What the policy of a page allows. */
const policyOf = (html: string): string =>
  /http-equiv="Content-Security-Policy" content="([^"]+)"/.exec(html)?.[1] ?? "none";

test("the policy allows no network, and the one script by its hash", async (t) => {
  const html = await reportHtml(await sampleReport(20));
  const policy = policyOf(html).split("; ");
  for (const rule of ["default-src 'none'", "img-src data: blob:", "connect-src 'none'"]) t.true(policy.includes(rule));
  const script = /<script>(.*)<\/script>\n<\/body>/s.exec(html)?.[1] ?? "";
  t.true(policy.includes(`script-src 'sha256-${createHash("sha256").update(script).digest("base64")}'`));
  t.notRegex(html.replace(script, ""), /<(script|link|img|iframe)[^>]*(src|href)="(?!data:)/);
});

test("the live form has no data and speaks to its own server only", async (t) => {
  const html = await livePage();
  t.true(policyOf(html).includes("connect-src 'self'"));
  t.false(html.includes('id="data"'));
});

test("the page itself is small", async (t) => {
  const bytes = Buffer.byteLength(await livePage());
  t.true(bytes < 700_000, `${bytes} bytes`);
});
