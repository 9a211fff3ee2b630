/** The first values of a network's tensors, drawn by name: the same seed gives the same weights in any order. */
import { type DenseArray, elements } from "../array.js";
import { normal, random } from "../random.js";
import type { TensorSpec } from "./parameters.js";

/** The starting value of a tensor under a seed. */
export function initialValue(spec: TensorSpec, seed: number): DenseArray<Float32Array> {
  const { initial } = spec;
  if (initial.kind === "computed") return { shape: spec.shape, data: initial.values() };
  const data = new Float32Array(elements(spec.shape));
  if (initial.kind === "constant") return { shape: spec.shape, data: data.fill(initial.value) };
  const draws = random(seed, "weights", spec.name);
  const draw =
    initial.kind === "normal" ? () => initial.deviation * normal(draws) : () => initial.bound * (2 * draws() - 1);
  for (let i = 0; i < data.length; i++) data[i] = draw();
  return { shape: spec.shape, data };
}
