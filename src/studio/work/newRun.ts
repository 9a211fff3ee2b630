/** A new run by a plan: the machine's speed is measured, then the recipe's epochs are fitted to the time that there is. */
import { env } from "onnxruntime-common";
import type { Loader } from "../../data/index.js";
import { recipeFields } from "../../recipe/index.js";
import { planOf } from "../../train/index.js";
import type { Size } from "../protocol.js";
import type { Device } from "./device.js";
import type { NewsDesk } from "./news.js";
import { createRun, type OpenRun } from "./openRun.js";
import type { OpenedSet } from "./openSet.js";
import { epochsWithin, recipeOf, secondsFor } from "./plan.js";
import { measuredSpeed } from "./trial.js";

/** This library's version: what bundles the page's scripts puts it here. */
declare const HCSC_VERSION: string;

/** What a run is made of. */
export interface Wanted {
  readonly set: OpenedSet;
  readonly size: Size;
  readonly minutes: number;
  readonly device: Device;
  readonly signal: AbortSignal;
  readonly news: NewsDesk;
  readonly loaderOf: (seed: number) => Promise<Loader>;
}

/** @throws as `train`; DataError if the browser's storage has no room; the signal's reason if it is stopped before the first step */
export async function begun({ set, size, minutes, device, signal, news, loaderOf }: Wanted): Promise<OpenRun> {
  const began = performance.now();
  const { source } = set.images;
  const { engine, target } = device;
  const first = await recipeOf(source, size, 2);
  const { stepsPerEpoch } = planOf(first, source.count);
  const loader = await loaderOf(first.seed);
  const progress = (done: number, total: number): void => news.stage("measuring this machine's speed", done, total);
  const speed = await measuredSpeed({ recipe: first, engine, target, source, loader, signal, progress });
  const left = 60 * minutes - (performance.now() - began) / 1000;
  const epochs = epochsWithin(left, source.count, stepsPerEpoch, speed);
  const recipe = await recipeOf(source, size, epochs);
  const seconds = secondsFor(epochs, source.count, stepsPerEpoch, speed);
  const fields = [...recipeFields(recipe)].map(([field, value]) => [field, JSON.stringify(value)] as const);
  news.tell({ kind: "plan", epochs, seconds, recipe: fields });
  const versions = { hcsc: HCSC_VERSION, "onnxruntime-web": env.versions.common, browser: navigator.userAgent };
  return createRun(set.name, { recipe, images: source.count, versions });
}
