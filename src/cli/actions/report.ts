/** `hcsc report`: what a run has learned, as a page. */
import { join } from "node:path";
import { reportHtml, sheetsBySharp } from "../../publish/index.js";
import { collect, reportFile, writeReport } from "../../report/index.js";
import { writeAtomically } from "../../tensorfile/index.js";
import { percent, table } from "../../text.js";
import { print, warn } from "../print.js";
import { onRun, type RunFlags } from "./session.js";

interface Flags extends RunFlags {
  readonly out?: string;
  readonly images: number;
}

export async function run(flags: Flags): Promise<void> {
  const { run, step, data, skipped } = await onRun(flags, async (learner) => {
    const { run, checkpoint } = await learner.trained();
    const { engine, images } = learner;
    const { source, loader, progress } = images;
    const shown = { source, loader, images: flags.images, sheets: sheetsBySharp };
    const data = await collect({ run, checkpoint, engine, progress, ...shown });
    return { run, step: checkpoint.position.step, data, skipped: loader.broken.size };
  });
  const file = flags.out ?? join(flags.run, "report.html");
  const html = new TextEncoder().encode(await reportHtml(data));
  await writeAtomically(file, html);
  await writeReport(run, data).catch((error: Error) => warn(`${error.message}. hcsc watch will not show this report`));
  const images = data.images?.names.length ?? 0;
  const prototypes = data.tree.kind === "levels" ? data.tree.levels.map((nodes) => nodes.length) : [];
  print(
    flags.json,
    {
      file,
      bytes: html.length,
      data: reportFile(run),
      images,
      skipped,
      step,
      prototypes,
      knn: data.confusion?.top1 ?? null,
    },
    [
      `${file}, ${(html.length / 1e6).toFixed(1)} MB`,
      ...table([
        ["images", `${images} of ${data.run.images}`],
        ["prototypes", data.tree.kind === "levels" ? prototypes.join(", ") : `none: ${data.tree.why}`],
        ...(data.confusion ? [["kNN of a fifth", percent(data.confusion.top1)]] : []),
        ...(skipped ? [["images skipped", String(skipped)]] : []),
      ]),
    ],
  );
}
