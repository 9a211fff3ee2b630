/**
 * `npm run web:steps`: steps of training in a page by WebAssembly beside onnxruntime-node's, on the same cores, in turn: a few of each, again
 * and again. Prints the median of each, and its ratio to Node's with as many threads.
 */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { chooseTarget, openEngine } from "../../src/runtime/index.js";
import { table } from "../../src/text.js";
import { firstPaint } from "./firstPaint.js";
import { serveSite } from "./serve.js";
import { buildSite, scripts } from "./site.js";
import { readySteps } from "./steps.js";

const rounds = 8;
/** Steps of one kind in a row. */
const inARow = 2;
const recipes = ["demo", "small"] as const;
const threads = [1, 2] as const;

type Take = (count: number) => Promise<readonly number[]>;

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1];

const folder = await mkdtemp(join(tmpdir(), "hcsc-beside-"));
await buildSite(folder, { ...scripts, page: "build/tools/web/besidePage.js" });
const server = await serveSite(folder, 0);
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox"],
});
const { milliseconds, bytes } = await firstPaint(browser, 7);
console.log(
  `the page is first painted after ${milliseconds.toFixed(0)} ms, by ${(bytes / 1000).toFixed(1)} KB (brotli)`,
);
const page = await browser.newPage();
page.setDefaultTimeout(0);
await page.goto(server.url);
await page.waitForFunction("globalThis.prepare");

for (const recipe of recipes) {
  const data = JSON.parse(await readFile(`graphs/${recipe}.json`, "utf8")) as unknown;
  const homes = new Map<string, { readonly take: Take; readonly seconds: number[]; readonly threads: number }>();
  for (const count of threads) {
    const engine = await openEngine({ threads: count });
    const inNode = await readySteps(engine, await chooseTarget(engine), data);
    homes.set(`onnxruntime-node, threads ${count}`, { take: inNode, seconds: [], threads: count });
    const name = `${recipe} ${count}`;
    await page.evaluate(`prepare("${name}", ${count}, ${JSON.stringify(data)})`);
    const inPage: Take = (steps) => page.evaluate(`take("${name}", ${steps})`);
    homes.set(`WebAssembly in Chromium, threads ${count}`, { take: inPage, seconds: [], threads: count });
  }
  for (const { take } of homes.values()) await take(1);
  for (let round = 0; round < rounds; round++)
    for (const { take, seconds } of homes.values()) seconds.push(...(await take(inARow)));
  const rows = [...homes].map(([name, home]) => {
    const own = median(home.seconds);
    const nodes = median(homes.get(`onnxruntime-node, threads ${home.threads}`)?.seconds ?? []);
    return [`${recipe}: ${name}`, `${(1000 * own).toFixed(0)} ms`, `${(own / nodes).toFixed(2)} of Node's`];
  });
  console.log(table(rows).join("\n"));
}
console.log(
  `load while it ran: ${loadavg()
    .map((load) => load.toFixed(1))
    .join(", ")}`,
);
await browser.close();
await server.close();
await rm(folder, { recursive: true });
