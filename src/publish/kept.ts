/** A report's data kept in its run folder, where `hcsc watch` finds it. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { curvesOf, factsOf, type ReportData } from "../report/index.js";
import { writeAtomically } from "../tensorfile/index.js";
import type { RunFolder } from "../train/index.js";

export const reportFile = (run: RunFolder): string => join(run.path, "report.json");

/** @throws DataError if it cannot be written */
export const writeReport = (run: RunFolder, data: ReportData): Promise<void> =>
  writeAtomically(reportFile(run), new TextEncoder().encode(JSON.stringify(data)));

/** What a page can show of a run now: its last report, if there is one, under the curves so far. */
export async function reportNow(run: RunFolder): Promise<ReportData> {
  const curves = curvesOf(await run.metrics());
  return { ...(await lastReport(run)), curves };
}

async function lastReport(run: RunFolder): Promise<Omit<ReportData, "curves">> {
  const nothing = (why: string): Omit<ReportData, "curves"> => ({
    run: factsOf(run, null),
    images: null,
    tree: { kind: "none", why },
    confusion: null,
  });
  const text = await readFile(reportFile(run), "utf8").catch(() => null);
  if (text === null) return nothing("there is no report of this run yet: hcsc report makes one");
  try {
    return JSON.parse(text) as ReportData;
  } catch {
    return nothing("the run's report.json is damaged: hcsc report makes it again");
  }
}
