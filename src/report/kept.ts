/** A report's data kept beside its run, where `hcsc watch`, and a page that opens the run, find it. */
import type { RunFolder } from "../train/index.js";
import { curvesOf } from "./curves.js";
import type { ReportData } from "./data.js";
import { factsOf } from "./facts.js";

const name = "report.json";

export const reportFile = (run: RunFolder): string => run.files.at(name);

/** @throws DataError if it cannot be written */
export const writeReport = (run: RunFolder, data: ReportData): Promise<void> =>
  run.files.write(name, new TextEncoder().encode(JSON.stringify(data)));

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
  const bytes = await run.files.read(name).catch(() => null);
  if (bytes === null) return nothing("there is no report of this run yet: hcsc report makes one");
  try {
    return JSON.parse(new TextDecoder().decode(bytes)) as ReportData;
  } catch {
    return nothing("the run's report.json is damaged: hcsc report makes it again");
  }
}
