/** What a person waits for when the page is opened: how long until something is to be seen, and what has come by then. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { brotliCompressSync } from "node:zlib";
import type { Browser } from "playwright-core";
import { serveSite } from "./serve.js";
import { buildSite } from "./site.js";

export interface FirstPaint {
  readonly milliseconds: number;
  /** Of the files that had come for it, by brotli. */
  readonly bytes: number;
}

/** In a page: when it was first painted, and the paths of what had come for that by then; its worker comes beside it. */
const seen = `new Promise((done) => {
  const paint = performance.getEntriesByName("first-contentful-paint")[0];
  const told = ({ startTime }) => done({
    milliseconds: startTime,
    paths: performance.getEntriesByType("resource").filter((r) => r.responseEnd < startTime && r.initiatorType !== "other").map((r) => new URL(r.name).pathname),
  });
  if (paint) told(paint);
  else new PerformanceObserver((list) => { for (const e of list.getEntries()) if (e.name === "first-contentful-paint") told(e); }).observe({ type: "paint" });
})`;

/** The median of several openings, each by a browser's profile of its own: nothing is cached. */
export async function firstPaint(browser: Browser, openings: number): Promise<FirstPaint> {
  const folder = await mkdtemp(join(tmpdir(), "hcsc-paint-"));
  await buildSite(folder);
  const server = await serveSite(folder, 0);
  const found: { readonly milliseconds: number; readonly paths: readonly string[] }[] = [];
  for (let i = 0; i < openings; i++) {
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(server.url);
    found.push(await page.evaluate(seen));
    await context.close();
  }
  await server.close();
  const { milliseconds, paths } = found.toSorted((a, b) => a.milliseconds - b.milliseconds)[openings >> 1];
  const files = await Promise.all(["index.html", ...paths].map((path) => readFile(join(folder, path))));
  await rm(folder, { recursive: true });
  return { milliseconds, bytes: files.reduce((sum, file) => sum + brotliCompressSync(file).length, 0) };
}
