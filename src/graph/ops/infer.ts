/** What a shape rule is, and how it reads attributes. */
import type { Attributes, TensorType, Value } from "../value.js";

export type In = readonly Value[];

/** The types of an op's outputs from its inputs, or a `ShapeError`. */
export type Infer = (x: In, attributes: Attributes, op: string, outputs: number) => readonly TensorType[];

export const int = (a: Attributes, name: string, fallback: number): number =>
  (a[name] as number | undefined) ?? fallback;
export const list = (a: Attributes, name: string, fallback: readonly number[]): readonly number[] =>
  (a[name] as readonly number[] | undefined) ?? fallback;
