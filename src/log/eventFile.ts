/** An event file that grows while a run trains, so that TensorBoard shows it live. */
import { closeSync, openSync, writeSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { makeFolder, notWritten } from "../tensorfile/index.js";
import type { TrainEvent } from "../train/index.js";
import { eventRecord, type LogEvent } from "./eventRecord.js";
import { histogramsOf } from "./histograms.js";
import { scalarsOf } from "./scalars.js";

export interface EventLog {
  readonly report: (event: TrainEvent) => void;
  readonly close: () => void;
}

/**
 * Begins a file of its own in a folder, named as TensorBoard looks for it.
 *
 * @param seconds - the time, since 1970
 * @throws DataError if it cannot be written
 */
export async function openEventLog(folder: string, seconds: () => number = () => Date.now() / 1000): Promise<EventLog> {
  await makeFolder(folder);
  const path = join(folder, `events.out.tfevents.${Math.floor(seconds())}.${hostname()}.${process.pid}`);
  const guarded = <T>(act: () => T): T => {
    try {
      return act();
    } catch (cause) {
      throw notWritten(path, cause);
    }
  };
  const file = guarded(() => openSync(path, "ax"));
  const write = (step: number, what: LogEvent["what"]): void =>
    guarded(() => void writeSync(file, eventRecord({ time: seconds(), step, what })));
  write(0, "version");
  return {
    report: (event) => {
      if (event.kind === "start" && event.resumedAt !== null) write(event.resumedAt + 1, "start");
      if (event.kind === "step")
        write(event.metric.step, [
          ...scalarsOf({ ...event.metric }),
          ...scalarsOf({ kind: "step", imagesPerSecond: event.imagesPerSecond, waitingShare: event.waitingShare }),
        ]);
      if (event.kind === "embedded") write(event.step, histogramsOf(event.embeddings));
      if (event.kind === "epoch") write(event.metric.step, scalarsOf({ ...event.metric }));
    },
    close: () => closeSync(file),
  };
}
