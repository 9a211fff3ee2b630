/** Normalising layers, of numbers whose mean is up to a thousand times their spread. */
import { elements } from "../../src/array.js";
import type { Application } from "./case.js";
import { between, chance, channels, fed, offset, oneOf, shape, steps, type Take, times } from "./take.js";

type Draws = (take: Take) => Application;

const epsilon = (take: Take): number => oneOf(take, [1e-5, 1e-2]);

/** [N, C, …] of up to `most` spatial axes. */
const images = (take: Take, most: number, few = 0): number[] => [
  1 + take(4),
  channels(take),
  ...times(few + take(most - few + 1), () => 1 + take(9)),
];

export const normalization = {
  BatchNormalization: (take) => {
    const x = images(take, 3);
    const vector = (low: number, high: number) => fed([x[1]], between(low, high));
    return {
      inputs: [fed(x), vector(0.5, 2), vector(-1, 1), vector(-1, 1), vector(0.3, 2)],
      attributes: { epsilon: epsilon(take) },
    };
  },
  BatchNormTrain: (take) => {
    const x = images(take, 3);
    return {
      inputs: [fed(x, offset(take, elements(x) / x[1])), fed([x[1]], between(0.5, 2)), fed([x[1]])],
      attributes: { epsilon: epsilon(take) },
      outputs: 3,
    };
  },
  UnitRows: (take) => ({ inputs: [fed([1 + take(5), 1 + take(9)])], attributes: { floor: 1e-12 }, outputs: 2 }),
  CrossEntropyAmong: (take) => {
    const x = shape(take, 2, 4);
    return { inputs: [fed(x), fed(x, steps(0, 1), "bool"), fed(x, steps(0, 1), "bool")] };
  },
  LayerNormalization: (take) => {
    const x = shape(take, 1, 4);
    const axis = take(x.length);
    const scale = x.slice(axis).map((d) => (chance(take, 8) ? 1 : d));
    const bias = chance(take, 2) ? [fed(scale)] : [];
    return {
      inputs: [fed(x, offset(take, elements(x.slice(axis)))), fed(scale, between(0.5, 2)), ...bias],
      attributes: { axis: chance(take, 2) ? axis - x.length : axis, epsilon: epsilon(take) },
      outputs: oneOf(take, [1, 1, 1, 3]),
    };
  },
  /** About zero: ONNX's own form of it, which the CPU takes, has the variance as E[x²] − mean². */
  GroupNormalization: (take) => {
    const [n, , ...spatial] = images(take, 2, 1);
    const [groups, each] = [1 + take(4), 1 + take(6)];
    const vector = () => fed([groups], between(0.5, 2));
    return {
      inputs: [fed([n, groups * each, ...spatial]), vector(), vector()],
      attributes: { num_groups: groups, epsilon: epsilon(take) },
    };
  },
  InstanceNormalization: (take) => {
    const x = images(take, 3, 1);
    return {
      inputs: [fed(x, offset(take, elements(x.slice(2)))), fed([x[1]], between(0.5, 2)), fed([x[1]])],
      attributes: { epsilon: epsilon(take) },
    };
  },
} as const satisfies Readonly<Record<string, Draws>>;
