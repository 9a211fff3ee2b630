/** A model's content as the bytes of an ONNX file. */
import onnxProto from "onnx-proto";
import { GraphError, said } from "../errors.js";
import {
  type AttributeContent,
  elementTypes,
  type GraphContent,
  type ModelContent,
  type NodeContent,
  type TensorContent,
  type ValueContent,
} from "./content.js";

const { onnx } = onnxProto;
const { AttributeType } = onnx.AttributeProto;

const opset = 18;
const irVersion = 8;
const utf8 = new TextEncoder();

/** Encodes as the content's opset or else 18, IR version 8, with version 1 of every vendor domain in use. */
export function encodeModel(model: ModelContent): Uint8Array {
  const vendors = [...new Set(allNodes(model).map((n) => n.domain))].filter((d) => d !== "").sort();
  const message = onnx.ModelProto.create({
    irVersion,
    producerName: "hcsc",
    opsetImport: [{ domain: "", version: model.opset ?? opset }, ...vendors.map((domain) => ({ domain, version: 1 }))],
    graph: graph(model),
  });
  return onnx.ModelProto.encode(message).finish();
}

const isGraph = (value: AttributeContent): value is GraphContent => typeof value === "object" && "nodes" in value;

/** The nodes of a graph and of the graphs inside them. */
const allNodes = (g: GraphContent): readonly NodeContent[] =>
  g.nodes.flatMap((n) => [n, ...Object.values(n.attributes).filter(isGraph).flatMap(allNodes)]);

const graph = (g: GraphContent): onnxProto.onnx.IGraphProto => ({
  name: g.name,
  input: [...g.inputs, ...g.constants.filter((c) => c.isDefault)].map(valueInfo),
  output: g.outputs.map(valueInfo),
  initializer: g.constants.map(tensor),
  node: g.nodes.map((n) => ({
    name: n.name,
    opType: n.op,
    domain: n.domain,
    input: [...n.inputs],
    output: [...n.outputs],
    attribute: Object.entries(n.attributes).map(([name, value]) => attribute(n, name, value)),
  })),
});

function attribute(node: NodeContent, name: string, value: AttributeContent): onnxProto.onnx.IAttributeProto {
  if (typeof value === "number") return { name, type: AttributeType.INT, i: whole(node, name, [value])[0] };
  if (typeof value === "string") return { name, type: AttributeType.STRING, s: utf8.encode(value) };
  if ("float" in value) return { name, type: AttributeType.FLOAT, f: value.float };
  if ("floats" in value) return { name, type: AttributeType.FLOATS, floats: [...value.floats] };
  if ("strings" in value)
    return { name, type: AttributeType.STRINGS, strings: value.strings.map((s) => utf8.encode(s)) };
  if (isGraph(value)) return { name, type: AttributeType.GRAPH, g: graph(value) };
  if ("dtype" in value) return { name, type: AttributeType.TENSOR, t: tensor(value) };
  return { name, type: AttributeType.INTS, ints: whole(node, name, value) };
}

function whole(node: NodeContent, name: string, numbers: readonly number[]): number[] {
  const broken = numbers.find((n) => !Number.isInteger(n));
  if (broken !== undefined)
    throw new GraphError(
      "wrong-attribute",
      said`node ${{ node: node.name || node.outputs[0] }} (${{ op: node.op }}): ${{ attribute: name }} holds ${broken}, which is no integer; write { float: … } or { floats: […] }`,
    );
  return [...numbers];
}

const valueInfo = ({ name, dtype, shape, isSequence }: ValueContent): onnxProto.onnx.IValueInfoProto => {
  const elemType = elementTypes[dtype].code;
  if (isSequence) return { name, type: { sequenceType: { elemType: { tensorType: { elemType } } } } };
  const dim = shape.map((d) => (typeof d === "number" ? { dimValue: d } : { dimParam: d }));
  return { name, type: { tensorType: { elemType, shape: { dim } } } };
};

const tensor = ({ name, dtype, shape, data }: TensorContent): onnxProto.onnx.ITensorProto => ({
  name,
  dataType: elementTypes[dtype].code,
  dims: [...shape],
  rawData: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
});
