/**
 * From an ONNX file to a graph. Older opsets are brought to 18 and what cannot be differentiated is composed
 * (`modernise.ts`), so that everything above sees one form. Node names give the scopes, so that building the graph again
 * gives the same names.
 */
import { GraphError, type Sentence, ShapeError, said } from "../errors.js";
import { type AttributeContent, decodeModel, type NodeContent, type TensorContent } from "../onnx/index.js";
import { applyAll, applyNative } from "./apply.js";
import type { Graph } from "./model.js";
import { isReplaced, modernise, replace } from "./modernise.js";
import {
  type AttributesOf,
  isComposite,
  type NativeOp,
  native,
  nativeDomain,
  type OpType,
  ops,
  runtimeDomain,
} from "./ops/index.js";
import { type Attribute, type Constant, constant, input, ints, scalar, scopeAt, type Value } from "./value.js";

const [oldest, newest] = [13, 23];

/**
 * The graph of an ONNX model. Its stored tensors become named constants.
 *
 * @param bytes - an ONNX file, opset 13 to 23
 * @throws GraphError for another opset, or ops that the builder does not know, named with their node
 */
export function readModel(bytes: Uint8Array): Graph {
  const model = decodeModel(bytes);
  const opset = model.opset ?? 18;
  if (opset < oldest || opset > newest)
    throw new GraphError(
      "unknown-format",
      said`the ONNX model ${{ graph: model.name }} has opset ${opset}; ${oldest} to ${newest} can be read: convert it or export it again`,
    );
  const values = new Map<string, Value>();
  for (const v of model.inputs) values.set(v.name, input(v.name, v.shape, v.dtype));
  for (const c of model.constants) values.set(c.name, toConstant(c));
  for (const n of model.nodes) {
    const outputs = readNode(n, values);
    for (const [i, name] of n.outputs.entries()) if (name && outputs[i]) values.set(name, outputs[i]);
  }
  const found = (name: string): Value => {
    const value = values.get(name);
    if (!value) throw new GraphError("disconnected", said`the model's output ${{ tensor: name }} is made by no node`);
    return value;
  };
  return {
    name: model.name,
    inputs: model.inputs.map((v) => found(v.name)),
    outputs: Object.fromEntries(model.outputs.map((v) => [v.name, found(v.name)])),
  };
}

/** The same; null for a model that `readModel` does not take. */
export function readIfKnown(bytes: Uint8Array): Graph | null {
  try {
    return readModel(bytes);
  } catch (error) {
    if (error instanceof GraphError) return null;
    throw error;
  }
}

const toConstant = (c: TensorContent): Constant => constant(c.data, c.shape, c.dtype, c.name);

function readNode(n: NodeContent, values: ReadonlyMap<string, Value>): readonly Value[] {
  const where = said`node ${{ node: n.name || n.outputs[0] || "without a name" }} (${{ op: `${n.domain ? `${n.domain}.` : ""}${n.op}` }})`;
  const inputs = n.inputs.map((name) => {
    const value = values.get(name);
    if (name && !value)
      throw new GraphError("disconnected", said`${where} reads ${{ tensor: name }}, which nothing before it makes`);
    return value ?? null;
  });
  while (inputs.length > 0 && inputs[inputs.length - 1] === null) inputs.pop();
  if (n.op === "Constant" && n.domain === "") return [constantNode(n, where)];
  const attributes = Object.fromEntries(
    Object.entries(n.attributes).map(([k, v]) => [k, attribute(said`${where}: ${{ attribute: k }}`, v)]),
  );
  const scope = n.name.includes("/") ? n.name.slice(0, n.name.lastIndexOf("/")) : "";
  const known = n.op in ops && !isComposite(n.op);
  const isNative = n.domain === nativeDomain && n.op in native;
  const isStandard = n.domain === "" || (n.domain === runtimeDomain && n.op === "Gelu"); // ONNX has the same op from opset 20 on
  if (!isNative && !(isStandard && (known || isReplaced(n.op))))
    throw new GraphError(
      "unknown-op",
      said`${where}: the builder does not know this op; compose it of others before exporting`,
    );
  return scopeAt(scope, () => {
    try {
      if (isNative) return applyNative(n.op as NativeOp, inputs, attributes);
      const form = modernise[n.op]?.(inputs, attributes, n.outputs.length) ?? { inputs, attributes };
      const replaced = isReplaced(n.op) && replace(n.op, form.inputs, form.attributes, n.outputs.length);
      if (replaced) return replaced;
      return applyAll(n.op as OpType, form.inputs, form.attributes as AttributesOf<OpType>, n.outputs.length);
    } catch (cause) {
      if (!(cause instanceof ShapeError || cause instanceof GraphError)) throw cause;
      const code = cause instanceof GraphError ? cause.code : "wrong-node";
      const { message, subject } = cause;
      const why = { message: message.split("\n    at ")[0], subject };
      throw new GraphError(code, said`${where}: ${why}`, { cause });
    }
  });
}

/** An attribute's value; that it is of the kind that the op declares is checked as the op is applied. */
function attribute(where: Sentence, content: AttributeContent): Attribute {
  if (typeof content !== "object") return content;
  if ("float" in content) return content.float;
  if ("floats" in content) return content.floats;
  if ("dtype" in content) return toConstant(content);
  if ("nodes" in content || "strings" in content)
    throw new GraphError(
      "unknown-format",
      said`${where} is ${"nodes" in content ? "a graph" : "a list of strings"}, which is not supported`,
    );
  return content;
}

function constantNode(n: NodeContent, where: Sentence): Value {
  const [[name, content] = ["", 0]] = Object.entries(n.attributes);
  if (typeof content === "object") {
    if ("dtype" in content) return toConstant({ ...content, name: "" });
    if ("float" in content) return scalar(content.float);
    if ("floats" in content) return constant(content.floats);
  }
  if (name === "value_int") return scalar(content as number, "int64");
  if (name === "value_ints") return ints(content as readonly number[]);
  throw new GraphError("unsupported-op", said`${where}: this form of constant is not supported`);
}
