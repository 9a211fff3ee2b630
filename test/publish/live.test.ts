import { appendFile, writeFile } from "node:fs/promises";
import type { ExecutionContext } from "ava";
import { withLock } from "../../src/disk/index.js";
import { servePage } from "../../src/publish/index.js";
import type { Curves } from "../../src/report/index.js";
import { writeReport } from "../../src/report/index.js";
import type { RunFolder } from "../../src/train/index.js";
import { inChromium, openPage } from "../browser/chromium.js";
import { sampleCurves, sampleReport } from "../report/sampleReport.js";
import { emptyRun } from "./emptyRun.js";

const part = (epochs: number, from = 0): Curves => {
  const { steps, epochs: all } = sampleCurves(epochs);
  return { steps: steps.slice(25 * from), epochs: all.slice(from) };
};

const lines = ({ steps, epochs }: Curves): string =>
  [...steps, ...epochs].map((metric) => `${JSON.stringify(metric)}\n`).join("");

inChromium(
  "the live page grows with the run, follows a rewound file and a new report, and comes back after its server did",
  async (t: ExecutionContext) => {
    const run = await emptyRun();
    await withLock(run.path, () => followed(t, run));
  },
);

/** The page of a run that this process holds, as its trainer does. */
async function followed(t: ExecutionContext, run: RunFolder): Promise<void> {
  let server = await servePage(run, 0);
  t.teardown(() => server.close());
  const page = await openPage(t);
  const errors: string[] = [];
  page.on("pageerror", (error) => errors.push(error.message));
  await page.goto(server.url);
  await page.getByText("No step has been made yet.").waitFor();
  await page.locator(".status", { hasText: "training: process" }).waitFor();

  const words = page.locator("#curves .plot").first();
  const reaches = async (step: number): Promise<void> => {
    await page.waitForFunction(
      (wanted) => document.querySelector("#curves .plot")?.getAttribute("aria-label")?.includes(wanted),
      ` at step ${step};`,
    );
    t.pass();
  };
  await appendFile(run.metricsFile, lines(part(1)));
  await reaches(25);
  await appendFile(run.metricsFile, lines(part(3, 1)));
  await reaches(75);
  t.regex((await words.getAttribute("aria-label")) ?? "", /at step 1,/);
  await page.locator(".epochs", { hasText: "epoch 3 of" }).waitFor();
  t.is(await page.locator("#map canvas").count(), 0);

  await writeFile(run.metricsFile, lines(part(2))); // as hcsc train --resume rewinds it
  await reaches(50);
  await writeReport(run, { ...(await sampleReport(40)), curves: part(2) });
  await page.locator("#map canvas").waitFor();

  const port = Number(new URL(server.url).port);
  await server.close();
  await page.locator(".status", { hasText: "reconnecting" }).waitFor();
  await appendFile(run.metricsFile, lines(part(6, 2)));
  server = await servePage(run, port);
  await reaches(150);
  await page.locator(".status", { hasText: "training: process" }).waitFor();
  await appendFile(run.metricsFile, lines(part(7, 6)));
  await reaches(175);
  t.deepEqual(errors, []);
}
