/** ONNX files written by hand, as other exporters write them. */
import type { Tensor } from "onnxruntime-node";
import { encodeModel, type ModelContent, type NodeContent, type TensorContent } from "../../src/onnx/index.js";
import { session, uniform } from "./gradientError.js";

type Attributes = NodeContent["attributes"];

/** A node; names joined by spaces, `-` for an input left out. */
export const op = (type: string, inputs: string, outputs: string, attributes: Attributes = {}): NodeContent => ({
  name: `${type}_${outputs.split(" ")[0]}`,
  op: type,
  domain: "",
  inputs: inputs.split(" ").map((n) => (n === "-" ? "" : n)),
  outputs: outputs.split(" "),
  attributes,
});

export const floats = (name: string, shape: readonly number[], data?: readonly number[]): TensorContent => ({
  name,
  dtype: "float32",
  shape,
  data: Float32Array.from(data ?? uniform(shape, 1, name.length + 7).data),
});

export const int64s = (name: string, data: readonly number[], shape = [data.length]): TensorContent => ({
  name,
  dtype: "int64",
  shape,
  data: BigInt64Array.from(data, BigInt),
});

export const file = (model: Partial<ModelContent>): Uint8Array =>
  encodeModel({ name: "hand-built", inputs: [], outputs: [], constants: [], nodes: [], ...model });

export async function run(bytes: Uint8Array, feeds: Readonly<Record<string, Tensor>>) {
  const found = await (await session(bytes))(feeds);
  return Object.fromEntries(Object.entries(found).map(([k, v]) => [k, Array.from(v.data as Float32Array, Number)]));
}
