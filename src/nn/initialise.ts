/** The first values of a network's tensors, drawn by name: the same seed gives the same weights in any order. */
import { type DenseArray, elements } from "../array.js";
import { normal, random } from "../random.js";
import type { TensorSpec } from "./parameters.js";

/** A stable integer for a name (FNV-1a). */
function hash(name: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) h = Math.imul(h ^ name.charCodeAt(i), 0x01000193);
  return h >>> 0;
}

/** The starting value of a tensor under a seed. */
export function initialValue(spec: TensorSpec, seed: number): DenseArray<Float32Array> {
  const { initial } = spec;
  if (initial.kind === "computed") return { shape: spec.shape, data: initial.values() };
  const data = new Float32Array(elements(spec.shape));
  if (initial.kind === "constant") return { shape: spec.shape, data: data.fill(initial.value) };
  const draws = random(seed, hash(spec.name));
  const draw =
    initial.kind === "normal" ? () => initial.deviation * normal(draws) : () => initial.bound * (2 * draws() - 1);
  for (let i = 0; i < data.length; i++) data[i] = draw();
  return { shape: spec.shape, data };
}
