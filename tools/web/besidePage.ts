/** The page whose steps are timed beside Node's. */
import { openEngine, targetOf } from "../../src/browser.js";
import { readySteps } from "./steps.js";

const ready = new Map<string, (count: number) => Promise<readonly number[]>>();

Object.assign(globalThis, {
  async prepare(name: string, threads: number, recipe: unknown) {
    const worker = new Worker("/engineWorker.js", { type: "module" });
    const engine = await openEngine({ worker, threads });
    ready.set(name, await readySteps(engine, await targetOf(engine), recipe));
  },
  take: (name: string, count: number) => ready.get(name)?.(count),
});
