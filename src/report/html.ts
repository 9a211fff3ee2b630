/** The HTML around the page's script: with a report's data inside, or fed by the server it came from. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { ReportData } from "./data.js";

/** One file that shows the data and needs nothing else: no network, no folder beside it. */
export const reportHtml = (data: ReportData): Promise<string> =>
  html({
    title: `${data.run.name} · HCSC`,
    connect: "'none'",
    data: `<script type="application/json" id="data">${inert(data)}</script>`,
  });

/** The same page without data: it fetches `/data.json` and listens to `/events` of its own server. */
export const livePage = (): Promise<string> => html({ title: "HCSC, live", connect: "'self'", data: "" });

/** The live page's policy, as its server says it too. */
export const livePolicy = async (): Promise<string> => policy(await bundled("page.js"), "'self'");

interface Parts {
  readonly title: string;
  /** What the script may connect to. */
  readonly connect: string;
  readonly data: string;
}

async function html({ title, connect, data }: Parts): Promise<string> {
  const [script, style] = await Promise.all(["page.js", "page.css"].map(bundled));
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy(script, connect)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escaped(title)}</title>
<link rel="icon" href="data:,">
<style>${style}</style>
</head>
<body>
<noscript>This page draws itself with a script, and scripts are off.</noscript>
${data}
<script>${script}</script>
</body>
</html>
`;
}

/** Built by esbuild beside this file; a script's text must not close its element early. */
const bundled = async (file: string): Promise<string> =>
  (await readFile(new URL(file, import.meta.url), "utf8")).trim().replaceAll(/<\/(script|style)/gi, "<\\/$1");

/** Nothing is loaded but pictures inside the page; the one script is named by its hash. Plot writes style elements. */
const policy = (script: string, connect: string): string =>
  [
    "default-src 'none'",
    "img-src data: blob:",
    "style-src 'unsafe-inline'",
    `script-src 'sha256-${createHash("sha256").update(script).digest("base64")}'`,
    `connect-src ${connect}`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");

/** JSON in which no `<` can end or open an element. */
const inert = (data: ReportData): string => JSON.stringify(data).replaceAll("<", "\\u003c");

const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
/** Text between tags or in a quoted attribute. */
export const escaped = (text: string): string => text.replaceAll(/[&<>"]/g, (c) => entities[c]);
