/** The script of the page that the browser opens. */
import { openEngine, type WebEngineOptions } from "../../src/web/index.js";
import { takeSteps } from "./steps.js";

const engineOf = (options: Omit<WebEngineOptions, "worker">) =>
  openEngine({ ...options, worker: new Worker("/engineWorker.js", { type: "module" }) });

/** What tests call in the page. */
export const page = {
  steps: async (options: Omit<WebEngineOptions, "worker">, steps: number) => {
    const checked: string[] = [];
    const engine = await engineOf({ ...options, onChecked: ({ program }) => checked.push(program) });
    return { ...(await takeSteps(engine, steps)), checked, isolated: crossOriginIsolated };
  },
};
Object.assign(globalThis, { page });
