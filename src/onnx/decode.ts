/** The bytes of an ONNX file as a model's content. */
import onnxProto from "onnx-proto";
import { GraphError, said } from "../errors.js";
import {
  type AttributeContent,
  type ElementType,
  elementTypes,
  type ModelContent,
  type NodeContent,
  type TensorContent,
  type ValueContent,
} from "./content.js";

const { onnx } = onnxProto;
const utf8 = new TextDecoder();
const byCode = new Map(Object.entries(elementTypes).map(([dtype, { code }]) => [code as number, dtype as ElementType]));

/**
 * Decodes a model.
 *
 * @throws GraphError if the bytes are no ONNX model, or it uses external data, sparse tensors or unknown element types
 */
export function decodeModel(bytes: Uint8Array): ModelContent {
  let message: onnxProto.onnx.ModelProto;
  try {
    message = onnx.ModelProto.decode(bytes);
  } catch (cause) {
    throw new GraphError("unknown-format", said`these ${bytes.length} bytes are not an ONNX model: ${cause as Error}`, {
      cause,
    });
  }
  const graph = message.graph;
  if (!graph?.node) throw new GraphError("unknown-format", "the ONNX model holds no graph");
  const constants = (graph.initializer ?? []).map(tensor);
  const stored = new Set(constants.map((c) => c.name));
  return {
    name: graph.name ?? "",
    inputs: (graph.input ?? [])
      .filter((v) => !stored.has(v.name ?? ""))
      .map(ranked)
      .map(valueInfo),
    outputs: (graph.output ?? []).map(valueInfo),
    constants,
    nodes: graph.node.map(nodeOf),
    opset: Number(message.opsetImport?.find((o) => !o.domain || o.domain === "ai.onnx")?.version ?? 1),
  };
}

function nodeOf(n: onnxProto.onnx.INodeProto): NodeContent {
  return {
    name: n.name ?? "",
    op: n.opType ?? "",
    domain: n.domain === "ai.onnx" ? "" : (n.domain ?? ""),
    inputs: n.input ?? [],
    outputs: n.output ?? [],
    attributes: Object.fromEntries((n.attribute ?? []).map((a) => [a.name ?? "", attribute(a, n)])),
  };
}

const readers: Readonly<Record<number, (a: onnxProto.onnx.IAttributeProto) => AttributeContent>> = {
  1: (a) => ({ float: a.f ?? 0 }),
  2: (a) => Number(a.i ?? 0),
  3: (a) => utf8.decode(a.s ?? new Uint8Array()),
  4: (a) => tensor(a.t ?? {}),
  6: (a) => ({ floats: a.floats ?? [] }),
  7: (a) => (a.ints ?? []).map(Number),
  8: (a) => ({ strings: (a.strings ?? []).map((s) => utf8.decode(s)) }),
};

function attribute(a: onnxProto.onnx.IAttributeProto, n: onnxProto.onnx.INodeProto): AttributeContent {
  const read = readers[a.type ?? 0];
  if (!read)
    throw new GraphError(
      "unknown-format",
      said`node ${{ node: n.name || n.opType || "" }}: attribute ${{ attribute: a.name ?? "" }} has a kind (${a.type}) that is not supported, such as a subgraph`,
    );
  return read(a);
}

/** An input of unknown rank cannot be worked with. */
function ranked(v: onnxProto.onnx.IValueInfoProto): onnxProto.onnx.IValueInfoProto {
  if (!v.type?.tensorType?.shape)
    throw new GraphError(
      "unknown-format",
      said`the input ${{ tensor: v.name ?? "" }} is no tensor of known rank; export the model with its shape`,
    );
  return v;
}

function valueInfo(v: onnxProto.onnx.IValueInfoProto): ValueContent {
  const type = v.type?.tensorType;
  return {
    name: v.name ?? "",
    dtype: elementType(type?.elemType ?? 0, v.name ?? ""),
    shape: (type?.shape?.dim ?? []).map(
      (d, i) => d.dimParam || (d.dimValue == null ? `${v.name}.${i}` : Number(d.dimValue)),
    ),
  };
}

function elementType(code: number, name: string): ElementType {
  const dtype = byCode.get(code);
  if (!dtype)
    throw new GraphError(
      "unknown-format",
      said`${{ tensor: name }}: element type ${code} is not supported (known: ${[...byCode.values()].join(", ")})`,
    );
  return dtype;
}

function tensor(t: onnxProto.onnx.ITensorProto): TensorContent {
  const name = t.name ?? "";
  const dtype = elementType(t.dataType ?? 0, name);
  const shape = (t.dims ?? []).map(Number);
  const count = shape.reduce((p, d) => p * d, 1);
  if (t.externalData?.length || t.dataLocation === 1)
    throw new GraphError(
      "unknown-format",
      said`${{ tensor: name }}: its data is in another file, which is not supported; save the model as one file`,
    );
  const bytes = t.rawData?.length ?? 0;
  if (bytes % elementTypes[dtype].array.BYTES_PER_ELEMENT !== 0)
    throw new GraphError(
      "wrong-shape",
      said`${{ tensor: name }}: ${bytes} bytes are no whole number of ${dtype} elements`,
    );
  const data = t.rawData && bytes > 0 ? fromBytes(dtype, t.rawData) : fromFields(dtype, t);
  if (data.length !== count)
    throw new GraphError(
      "wrong-shape",
      said`${{ tensor: name }}: ${data.length} elements do not fill the shape ${{ shape }}`,
    );
  return { name, dtype, shape, data };
}

function fromBytes(dtype: ElementType, raw: Uint8Array): TensorContent["data"] {
  const aligned = new Uint8Array(raw); // a copy starts at an aligned address
  return new elementTypes[dtype].array(aligned.buffer);
}

function fromFields(dtype: ElementType, t: onnxProto.onnx.ITensorProto): TensorContent["data"] {
  if (dtype === "int64") return BigInt64Array.from(t.int64Data ?? [], (v) => BigInt(v.toString()));
  const numbers = dtype === "float32" ? t.floatData : dtype === "float64" ? t.doubleData : t.int32Data;
  return elementTypes[dtype].array.from((numbers ?? []) as never) as TensorContent["data"];
}
