/** `hcsc log`: a run's metrics as a table. */

import { onDisk } from "../../disk/index.js";
import { metricsCsv } from "../../log/index.js";
import { writeAtomically } from "../../tensorfile/index.js";
import { counted } from "../../text.js";
import { RunFolder } from "../../train/index.js";
import { print } from "../print.js";

interface Flags {
  readonly run: string;
  readonly out: string;
  readonly json?: boolean;
}

export async function run({ run, out, json }: Flags): Promise<void> {
  const metrics = await (await RunFolder.open(onDisk(run))).metrics();
  await writeAtomically(out, new TextEncoder().encode(metricsCsv(metrics)));
  print(json, { file: out, rows: metrics.length }, [`${counted(metrics.length, "row")} → ${out}`]);
}
