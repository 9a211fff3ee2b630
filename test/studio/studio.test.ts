import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { ExecutionContext } from "ava";
import type { Page } from "playwright-core";
import type { Ask, News } from "../../src/studio/protocol.js";
import { inChromium } from "../browser/chromium.js";
import { servedPage } from "../web/served.js";

const call = <T>(page: Page, code: string): Promise<T> => page.evaluate(code) as Promise<T>;
const ask = (page: Page, asked: Ask): Promise<void> => call(page, `page.ask(${JSON.stringify(asked)})`);
const until = (page: Page, ...states: readonly string[]): Promise<readonly News[]> =>
  call(page, `page.state(${JSON.stringify(states)})`);
const ofKind = <K extends News["kind"]>(news: readonly News[], kind: K) =>
  news.filter((one): one is Extract<News, { kind: K }> => one.kind === kind);
const losses = (news: readonly News[]): readonly number[] =>
  ofKind(news, "report")
    .at(-1)
    ?.data.curves.steps.map(({ loss }) => loss) ?? [];

async function temporary(t: ExecutionContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "hcsc-studio-"));
  t.teardown(() => rm(folder, { recursive: true }));
  return folder;
}

async function laidOut(folder: string, files: readonly (readonly [string, string])[]): Promise<void> {
  for (const [name, content] of files) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), Buffer.from(content, "base64"));
  }
}

inChromium(
  "the worker opens files, trains by a plan, reports, and goes on after a reload to the same numbers",
  async (t) => {
    const page = await servedPage(t, true, "studioPage");
    await call(page, 'page.start("?provider=cpu&threads=2")');
    await until(page, "empty");
    await call(page, "page.openFiles()");
    const opened = await until(page, "ready");
    t.log(JSON.stringify(opened.filter(({ kind }) => kind !== "pictures")));
    await ask(page, { kind: "train", size: "small", minutes: 0.01 });
    const first = await until(page, "finished", "failed", "ready");
    t.log(
      JSON.stringify(
        first.map((n) => (n.kind === "report" ? { kind: "report", n: n.data.images?.names.length } : n)),
      ).slice(0, 6000),
    );
    t.log(losses(first).join(" "));
  },
);
