/** The kernels that a step launches on WebGPU and how long the device works at each, by ONNX Runtime's own profile. */
import { webGpuModel } from "../../src/graph/index.js";
import { stepPrograms, stepSettings } from "../../src/programs/index.js";
import type { Recipe } from "../../src/recipe/index.js";
import { deviceCases, deviceRecipe } from "./deviceSteps.js";
import type { Row } from "./measure.js";
import { profiled, tensorsFor } from "./profiled.js";
import { randomFeeds } from "./steps.js";

export interface Launch {
  /** The kernel and what it was compiled for, as `Transpose[0-2-3-1]`. */
  readonly kernel: string;
  /** The node that it is launched for, with its place in the network. */
  readonly node: string;
  readonly milliseconds: number;
}

/** The launches of the last of so many steps with a hierarchy, on random values; the first compiles the kernels. */
export async function launchesOf(recipe: Recipe, steps: number): Promise<readonly Launch[]> {
  const settings = stepSettings(recipe);
  const [step] = stepPrograms(settings, "selective", { kind: "device", precision: "fp32" });
  const provider = { name: "webgpu", enableRobustness: true, storageBufferCacheMode: "simple" } as const;
  const feeds = tensorsFor(step, randomFeeds(settings, step.inputs, new Set()));
  const events = await profiled<{ readonly cache_key: string }>(
    webGpuModel(step.model),
    { executionProviders: [provider] },
    async (session) => {
      for (let i = 0; i < steps; i++) await session.run(feeds);
    },
  );
  const began = events.findLast(({ name }) => name === "model_run")?.ts ?? 0;
  return events
    .filter(({ cat, ts }) => cat === "Api" && ts >= began)
    .map(({ name, dur, args }) => ({
      kernel: /^\w+(\[[^\]]*\])?/.exec(args.cache_key)?.[0] ?? args.cache_key,
      node: name,
      milliseconds: dur / 1000,
    }));
}

/** How many there are, the device's milliseconds, and the kernels that take most of them with how often they are launched. */
export const kernelRows = Object.entries(deviceCases).map(([name, c]) => ({
  name: `kernels: ${name}`,
  async measure(own: string): Promise<Row> {
    const launches = await launchesOf(deviceRecipe(c), 2);
    const byName = new Map<string, { milliseconds: number; launches: number }>();
    for (const { kernel, milliseconds } of launches) {
      const [short] = kernel.split("[");
      const so = byName.get(short) ?? { milliseconds: 0, launches: 0 };
      byName.set(short, { milliseconds: so.milliseconds + milliseconds, launches: so.launches + 1 });
    }
    const all = launches.reduce((sum, { milliseconds }) => sum + milliseconds, 0);
    const row: Record<string, number> = { kernels: launches.length, "device ms": Math.round(10 * all) / 10 };
    const sorted = [...byName].sort(([, a], [, b]) => b.milliseconds - a.milliseconds).slice(0, 16);
    for (const [short, so] of sorted) row[`${so.launches} × ${short} ms`] = Math.round(100 * so.milliseconds) / 100;
    return { name: own, ...row };
  },
}));
