/**
 * A model without shapes that ONNX Runtime could tell before it runs. Where it can, it plans that a tensor takes the memory of an
 * earlier one of the same shape, and keeps that memory from the first of them to the last: what the encoders leave behind then waits,
 * through the peak, for like shapes of the backward pass (ResNet-18, 224 px, batch 8: 321 MiB of tensors where 202 are in use). Where
 * it cannot, each is taken and given back when it is made and no longer read.
 *
 * Shapes come from inputs and from what they are reshaped to. So inputs are reshaped to their own shapes, which moves nothing, and all
 * that is reshaped to is a default that a run might replace. A step takes 6 to 14 % longer for it, so only those who ask for less memory
 * get it (`recompute`).
 */
import { elements } from "../array.js";
import type { ModelContent, NodeContent, TensorContent } from "../onnx/index.js";

/** Smaller inputs are not worth a node. */
const small = 256;

/** The same numbers, inputs and outputs. */
export function hiddenShapes(model: ModelContent): ModelContent {
  const constants = new Map(model.constants.map((c) => [c.name, c]));
  const constantOf = (shape: readonly number[]): string => {
    const name = `reshape to [${shape}]`;
    const data = BigInt64Array.from(shape, BigInt);
    constants.set(name, { name, dtype: "int64", shape: [data.length], data, isDefault: true });
    return name;
  };
  const views = model.inputs.flatMap(({ name, dtype, shape }): NodeContent[] => {
    const sizes = shape.filter((d) => typeof d === "number");
    if (sizes.length < shape.length || shape.length === 0 || elements(sizes) < small || dtype === "int64") return [];
    return [reshape(`${name}/view`, name, constantOf(sizes))];
  });
  const viewOf = new Map(views.map(({ inputs, outputs }) => [inputs[0], outputs[0]]));
  const readers = model.nodes.map((node): NodeContent => {
    const inputs = node.inputs.map((name) => viewOf.get(name) ?? name);
    const asked = node.op === "Reshape" && node.domain === "" ? constants.get(inputs[1]) : undefined;
    return { ...node, inputs: asked ? [inputs[0], constantOf(numbersOf(asked))] : inputs };
  });
  const nodes = [...views, ...readers];
  const read = new Set(nodes.flatMap((n) => n.inputs));
  return { ...model, constants: [...constants.values()].filter((c) => read.has(c.name)), nodes };
}

const numbersOf = ({ data }: TensorContent): readonly number[] =>
  Array.from(data as ArrayLike<number | bigint>, Number);

const reshape = (name: string, from: string, shape: string): NodeContent => ({
  name,
  op: "Reshape",
  domain: "",
  inputs: [from, shape],
  outputs: [name],
  attributes: {},
});
