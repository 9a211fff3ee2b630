/**
 * From an ONNX file to a graph. Older opsets are brought to 18 (axes as inputs, `auto_pad` as pads), so that everything above
 * sees one form. Node names give the scopes, so that building the graph again gives the same names.
 */
import { GraphError } from "../errors.js";
import { decodeModel, type ModelContent, type NodeContent, type TensorContent } from "../onnx/index.js";
import { applyAll } from "./apply.js";
import type { Graph } from "./model.js";
import { type OpType, ops } from "./ops.js";
import { type Attribute, type Constant, constant, input, ints, scalar, scopeAt, type Value } from "./value.js";

/**
 * The graph of an ONNX model. Its stored tensors become named constants.
 *
 * @param bytes - an ONNX file, opset 13 to 21
 * @throws GraphError for ops that the builder does not know, named with their node
 */
export function readModel(bytes: Uint8Array): Graph {
  const model = decodeModel(bytes);
  const values = new Map<string, Value>();
  for (const v of model.inputs) values.set(v.name, input(v.name, v.shape, v.dtype));
  for (const c of model.constants) values.set(c.name, toConstant(c));
  for (const n of model.nodes) {
    const outputs = readNode(n, model, values);
    for (const [i, name] of n.outputs.entries()) if (name) values.set(name, outputs[i]);
  }
  const found = (name: string): Value => {
    const value = values.get(name);
    if (!value) throw new GraphError(`the model's output ${name} is made by no node`);
    return value;
  };
  return {
    name: model.name,
    inputs: model.inputs.map((v) => found(v.name)),
    outputs: Object.fromEntries(model.outputs.map((v) => [v.name, found(v.name)])),
  };
}

const toConstant = (c: TensorContent): Constant => constant(c.data, c.shape, c.dtype, c.name);

function readNode(n: NodeContent, model: ModelContent, values: ReadonlyMap<string, Value>): readonly Value[] {
  const where = `node ${n.name || n.outputs[0]} (${n.domain ? `${n.domain}.` : ""}${n.op})`;
  const inputs = n.inputs.map((name) => {
    const value = values.get(name);
    if (name && !value) throw new GraphError(`${where} reads ${name}, which nothing before it makes`);
    return value ?? null;
  });
  if (n.op === "Constant") return [constantNode(n, where)];
  if (!(n.op in ops) || n.domain !== "") throw new GraphError(`${where}: the builder does not know this op`);
  const attributes = Object.fromEntries(
    Object.entries(n.attributes).map(([k, v]) => [k, typeof v === "object" && "dtype" in v ? toConstant(v) : v]),
  );
  const form = modernise[n.op]?.(inputs, attributes, model.opset ?? 18) ?? { inputs, attributes };
  const scope = n.name.includes("/") ? n.name.slice(0, n.name.lastIndexOf("/")) : "";
  return scopeAt(scope, () => applyAll(n.op as OpType, form.inputs, form.attributes, n.outputs.length));
}

function constantNode(n: NodeContent, where: string): Value {
  const { value, value_float: float, value_int: int, value_ints: list } = n.attributes;
  if (typeof value === "object" && "dtype" in value) return toConstant(value);
  if (typeof float === "number") return scalar(float);
  if (typeof int === "number") return scalar(int, "int64");
  if (Array.isArray(list)) return ints(list as number[]);
  throw new GraphError(`${where}: this form of constant is not supported`);
}

interface Form {
  readonly inputs: readonly (Value | null)[];
  readonly attributes: Readonly<Record<string, Attribute>>;
}
type Modernise = (
  inputs: readonly (Value | null)[],
  attributes: Readonly<Record<string, Attribute>>,
  opset: number,
) => Form;

/** Moves an attribute that became an input. */
const asInput =
  (name: string, position = 1): Modernise =>
  (inputs, attributes) => {
    const { [name]: moved, ...rest } = attributes;
    if (moved === undefined) return { inputs, attributes };
    const all = [...inputs];
    while (all.length < position) all.push(null);
    all[position] = ints(typeof moved === "number" ? [moved] : (moved as readonly number[]));
    return { inputs: all, attributes: rest };
  };

/** Explicit pads instead of `auto_pad`, for known sizes. */
const explicitPads: Modernise = (inputs, attributes) => {
  const { auto_pad: mode, ...rest } = attributes;
  if (mode === undefined || mode === "NOTSET") return { inputs, attributes: rest };
  const spatial = (inputs[0] as Value).shape.slice(2);
  const kernel =
    (rest.kernel_shape as readonly number[] | undefined) ?? ((inputs[1] as Value).shape.slice(2) as readonly number[]);
  const strides = (rest.strides as readonly number[] | undefined) ?? kernel.map(() => 1);
  const dilations = (rest.dilations as readonly number[] | undefined) ?? kernel.map(() => 1);
  if (mode === "VALID") return { inputs, attributes: rest };
  const totals = kernel.map((k, i) => {
    const d = spatial[i];
    if (typeof d !== "number") throw new GraphError(`auto_pad ${mode} needs known image sizes, found ${d}`);
    return Math.max(0, (Math.ceil(d / strides[i]) - 1) * strides[i] + dilations[i] * (k - 1) + 1 - d);
  });
  const small = totals.map((t) => Math.floor(t / 2));
  const large = totals.map((t) => Math.ceil(t / 2));
  return { inputs, attributes: { ...rest, pads: mode === "SAME_UPPER" ? [...small, ...large] : [...large, ...small] } };
};

/** ONNX's `kernel_shape` of a Conv repeats the filters' shape. */
const plainConv: Modernise = (inputs, attributes, opset) => {
  const { attributes: padded } = explicitPads(inputs, attributes, opset);
  const { kernel_shape: _, ...rest } = padded;
  return { inputs, attributes: rest };
};

const modernise: Readonly<Record<string, Modernise>> = {
  ...Object.fromEntries(
    [
      "ReduceMean",
      "ReduceMax",
      "ReduceMin",
      "ReduceProd",
      "ReduceSum",
      "ReduceL1",
      "ReduceL2",
      "ReduceSumSquare",
      "ReduceLogSumExp",
      "Squeeze",
      "Unsqueeze",
    ].map((op) => [op, asInput("axes")]),
  ),
  Split: (inputs, attributes, opset) => {
    const { num_outputs: _, ...rest } = asInput("split")(inputs, attributes, opset).attributes;
    return { inputs: asInput("split")(inputs, attributes, opset).inputs, attributes: rest };
  },
  Conv: plainConv,
  ConvTranspose: plainConv,
  MaxPool: explicitPads,
  AveragePool: explicitPads,
};
