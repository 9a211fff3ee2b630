/** A loader's worker thread: reads images and writes their views into shared memory. */
import { parentPort, workerData } from "node:worker_threads";
import { type Sentence, said } from "../errors.js";
import { writeViews } from "./augment/index.js";
import { keptIn } from "./decoded.js";
import { openSource } from "./source.js";
import type { Work, WorkDone, WorkerOptions } from "./work.js";

const { source: description, seed, decoded } = workerData as WorkerOptions;
const opened = openSource(description);
const source = decoded ? keptIn(decoded, opened) : opened;

/** Where pixels go, image after image. */
let pixels = new Uint8Array(0);
function room(length: number): Uint8Array {
  if (pixels.length < length) pixels = new Uint8Array(length);
  return pixels.subarray(0, length);
}

let last: Promise<void> = Promise.resolve();
parentPort?.on("message", (work: Work) => {
  last = last.then(() => carryOut(work));
});

async function carryOut(work: Work): Promise<void> {
  const broken: { place: number; reason: string }[] = [];
  let failed: Sentence | null = null;
  for (const [i, index] of work.indices.entries()) {
    const place = work.from + i;
    const picture = await source.read(index, room).catch((error) => {
      broken.push({ place, reason: reasonOf(error) });
    });
    if (!picture) continue;
    try {
      writeViews(picture, index, place, { ...work, seed });
    } catch (error) {
      failed = said`${{ image: source.name(index) }}: ${error as Error}`;
      break;
    }
  }
  parentPort?.postMessage({ id: work.id, broken, failed } satisfies WorkDone);
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
