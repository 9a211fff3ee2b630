/** What is known of an image by the hierarchy: its own prototype at a level, and the temperatures that selection takes. */
import {
  argMax,
  clip,
  constant,
  div,
  equal,
  gather,
  gemm,
  less,
  mul,
  sum,
  unsqueeze,
  type Value,
  where,
} from "../graph/index.js";
import { rulesOf, type Variant } from "../variants.js";
import type { Level, LossSettings } from "./inputs.js";

/** 0, 1, … as float32 [M]: providers compare floats everywhere, int64 only on the CPU. */
export const countUp = (count: number): Value =>
  constant(
    Float32Array.from({ length: count }, (_, i) => i),
    [count],
  );

/** Prototype ids as float32 [1, M]. */
export const ids = (count: number): Value => unsqueeze(countUp(count), [0]);

/** Which rows of a level are prototypes: bool [1, M]. */
export const activeRows = (level: Pick<Level, "prototypes" | "count">): Value =>
  less(ids(level.prototypes.shape[0] as number), level.count);

/** An anchor's own prototype at a level. */
export interface Anchor {
  readonly positive: Value; // int64 [B]
  readonly onehot: Value; // bool [B, M]
  readonly prototypes: Value; // [B, D]
  readonly temperature: Value; // [B, 1]
}

/** c^l(z) of each image of the batch. */
const positives = {
  nearest: (level: Level, query: Value) => argMax(where(activeRows(level), logitsOf(query, level), -1e30), 1),
  assigned: (level: Level) => level.assignment as Value,
} as const;

export function anchorAt(level: Level, query: Value, variant: Variant): Anchor {
  const positive = positives[rulesOf(variant).positive](level, query);
  const count = level.prototypes.shape[0] as number;
  return {
    positive,
    onehot: equal(unsqueeze(gather(countUp(count), positive), [1]), ids(count)),
    prototypes: gather(level.prototypes, positive),
    temperature: unsqueeze(gather(level.temperature, positive), [1]),
  };
}

export const logitsOf = (v: Value, level: Level): Value =>
  div(gemm(v, level.prototypes, null, { transB: true }), level.temperature);

/** τ_c as instance selection takes it. */
export function instanceTemperature(temperature: Value, variant: Variant): Value {
  const least = rulesOf(variant).leastTemperature;
  return least === null ? temperature : clip(temperature, least, null);
}

export type Above = Pick<Level, "prototypes" | "temperature" | "count">;

/** τ_c of the parent level, from that level and τ. */
const parentTemperatures = {
  own: (above: Above) => above.temperature,
  rescaled: (above: Above, temperature: number) => {
    const average = div(sum(where(activeRows(above), unsqueeze(above.temperature, [0]), 0)), above.count);
    return mul(div(above.temperature, average), temperature);
  },
} as const;

/** τ_c of the parent level as prototype selection takes it. */
export const parentTemperature = (above: Above, { variant, temperature }: LossSettings): Value =>
  parentTemperatures[rulesOf(variant).parentTemperature](above, temperature);
