/**
 * The checkpoint of ONNX Runtime's on-device training: FlatBuffers, identifier `ODTC`, version 2
 * (onnxruntime/core/flatbuffers/schema/ort_training_checkpoint.fbs). Field numbers are those of that schema.
 */
import { Builder, ByteBuffer, type Offset } from "flatbuffers";
import { type DenseArray, elements } from "../array.js";
import { CheckpointError, said } from "../errors.js";

/** Tensors by name, in the order of the file. All are float32: ONNX Runtime reads no other type back. */
export interface TrainingCheckpoint {
  readonly trainable: ReadonlyMap<string, DenseArray<Float32Array>>;
  /** What training does not reach by gradients: statistics, momenta, the key encoder. */
  readonly frozen: ReadonlyMap<string, DenseArray<Float32Array>>;
}

const identifier = "ODTC";
const version = 2;
const float32 = 1; // of ONNX's element types
const field = {
  checkpoint: { version: 0, module: 1, count: 4 },
  module: { trainable: 0, frozen: 1, count: 4 },
  tensor: { name: 0, dims: 2, type: 3, data: 4, count: 7 },
} as const;

/** The bytes of a checkpoint file. */
export function encodeCheckpoint({ trainable, frozen }: TrainingCheckpoint): Uint8Array {
  const sizes = [...trainable.values(), ...frozen.values()].map((t) => t.data.byteLength + 256);
  const b = new Builder(sizes.reduce((a, s) => a + s, 1024));
  const list = (tensors: TrainingCheckpoint["trainable"]): Offset => {
    const offsets = [...tensors].map(([name, tensor]) => encodeTensor(b, name, tensor));
    b.startVector(4, offsets.length, 4);
    for (const offset of offsets.reverse()) b.addOffset(offset);
    return b.endVector();
  };
  const [trained, kept] = [list(trainable), list(frozen)];
  b.startObject(field.module.count);
  b.addFieldOffset(field.module.trainable, trained, 0);
  b.addFieldOffset(field.module.frozen, kept, 0);
  const module = b.endObject();
  b.startObject(field.checkpoint.count);
  b.addFieldInt32(field.checkpoint.version, version, 0);
  b.addFieldOffset(field.checkpoint.module, module, 0);
  b.finish(b.endObject(), identifier);
  return b.asUint8Array();
}

function encodeTensor(b: Builder, name: string, { shape, data }: DenseArray<Float32Array>): Offset {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  b.prep(8, bytes.length);
  const raw = b.createByteVector(bytes);
  b.startVector(8, shape.length, 8);
  for (const d of [...shape].reverse()) b.addInt64(BigInt(d));
  const dims = b.endVector();
  const called = b.createString(name);
  b.startObject(field.tensor.count);
  b.addFieldOffset(field.tensor.name, called, 0);
  b.addFieldOffset(field.tensor.dims, dims, 0);
  b.addFieldInt32(field.tensor.type, float32, 0);
  b.addFieldOffset(field.tensor.data, raw, 0);
  return b.endObject();
}

/**
 * Reads a checkpoint file.
 *
 * @throws CheckpointError if it is none, of another version, or holds tensors that are not float32
 */
export function decodeCheckpoint(bytes: Uint8Array): TrainingCheckpoint {
  const b = new ByteBuffer(bytes);
  if (bytes.length < 8 || !b.__has_identifier(identifier))
    throw new CheckpointError(
      "unknown-format",
      `this is no checkpoint of ONNX Runtime's training: bytes 4 to 7 are not ${identifier}`,
    );
  const root = b.__indirect(b.position());
  const found = fieldAt(b, root, field.checkpoint.version);
  if (found === null || b.readInt32(found) !== version)
    throw new CheckpointError(
      "unknown-format",
      `the checkpoint is of version ${found === null ? "none" : b.readInt32(found)}; ${version} is read`,
    );
  const module = fieldAt(b, root, field.checkpoint.module);
  if (module === null) throw new CheckpointError("missing", "the checkpoint holds no module state");
  const table = b.__indirect(module);
  return { trainable: tensorsAt(b, table, field.module.trainable), frozen: tensorsAt(b, table, field.module.frozen) };
}

/** Where a field of a table is; null if the table leaves it out. */
function fieldAt(b: ByteBuffer, table: number, id: number): number | null {
  const offset = b.__offset(table, 4 + 2 * id);
  return offset === 0 ? null : table + offset;
}

function tensorsAt(b: ByteBuffer, table: number, id: number): ReadonlyMap<string, DenseArray<Float32Array>> {
  const place = fieldAt(b, table, id);
  if (place === null) return new Map();
  const start = b.__vector(place);
  return new Map(Array.from({ length: b.__vector_len(place) }, (_, i) => tensorAt(b, b.__indirect(start + 4 * i))));
}

function tensorAt(b: ByteBuffer, table: number): readonly [string, DenseArray<Float32Array>] {
  const { name, dims, type, data } = field.tensor;
  const [named, sizes, kind, raw] = [name, dims, type, data].map((id) => fieldAt(b, table, id));
  const called = named === null ? "" : String(b.__string(named));
  if (kind === null || b.readInt32(kind) !== float32 || raw === null)
    throw new CheckpointError(
      "unknown-format",
      said`${{ tensor: called || "a tensor" }} of the checkpoint holds no float32 data of its own`,
    );
  const shape =
    sizes === null
      ? []
      : Array.from({ length: b.__vector_len(sizes) }, (_, i) => Number(b.readInt64(b.__vector(sizes) + 8 * i)));
  const from = b.__vector(raw);
  const copy = b.bytes().slice(from, from + b.__vector_len(raw));
  if (copy.length !== 4 * elements(shape))
    throw new CheckpointError(
      "damaged",
      said`${{ tensor: called }} ${{ shape }} of the checkpoint has ${copy.length} bytes of data`,
    );
  return [called, { shape, data: new Float32Array(copy.buffer) }];
}
