/** A model's content as the bytes of an ONNX file. */
import onnxProto from "onnx-proto";
import {
  elementTypes,
  floatAttributes,
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

const isGraph = (value: AttributeValue): value is GraphContent => typeof value === "object" && "nodes" in value;

/** The nodes of a graph and of the graphs inside them. */
const allNodes = (g: GraphContent): readonly NodeContent[] =>
  g.nodes.flatMap((n) => [n, ...Object.values(n.attributes).filter(isGraph).flatMap(allNodes)]);

const graph = (g: GraphContent): onnxProto.onnx.IGraphProto => ({
  name: g.name,
  input: g.inputs.map(valueInfo),
  output: g.outputs.map(valueInfo),
  initializer: g.constants.map(tensor),
  node: g.nodes.map((n) => ({
    name: n.name,
    opType: n.op,
    domain: n.domain,
    input: [...n.inputs],
    output: [...n.outputs],
    attribute: Object.entries(n.attributes).map(([name, value]) => attribute(name, value)),
  })),
});

type AttributeValue = NodeContent["attributes"][string];

function attribute(name: string, value: AttributeValue): onnxProto.onnx.IAttributeProto {
  const float = floatAttributes.has(name);
  if (typeof value === "number")
    return float ? { name, type: AttributeType.FLOAT, f: value } : { name, type: AttributeType.INT, i: value };
  if (typeof value === "string") return { name, type: AttributeType.STRING, s: utf8.encode(value) };
  if (isGraph(value)) return { name, type: AttributeType.GRAPH, g: graph(value) };
  if ("dtype" in value) return { name, type: AttributeType.TENSOR, t: tensor(value) };
  if (typeof value[0] === "string")
    return { name, type: AttributeType.STRINGS, strings: (value as readonly string[]).map((s) => utf8.encode(s)) };
  const numbers = [...(value as readonly number[])];
  return float
    ? { name, type: AttributeType.FLOATS, floats: numbers }
    : { name, type: AttributeType.INTS, ints: numbers };
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
