/** Files as torch.save writes a state_dict, which torch.load reads with `weights_only=True`. */

import type { DenseArray } from "../array.js";
import { elements } from "../array.js";
import { writeZip } from "./zip.js";

const utf8 = new TextEncoder();

const global = (module: string, name: string): Uint8Array => utf8.encode(`c${module}\n${name}\n`);

function text(value: string): Uint8Array {
  const raw = utf8.encode(value);
  const out = new Uint8Array(5 + raw.length);
  out[0] = 0x58; // BINUNICODE
  new DataView(out.buffer).setUint32(1, raw.length, true);
  out.set(raw, 5);
  return out;
}

/** BININT where it fits, else LONG1 of eight bytes. */
function integer(value: number): Uint8Array {
  const isShort = value < 2 ** 31;
  const out = new Uint8Array(isShort ? 5 : 10);
  const view = new DataView(out.buffer);
  if (isShort) {
    out[0] = 0x4a;
    view.setInt32(1, value, true);
  } else {
    out.set([0x8a, 8]);
    view.setBigInt64(2, BigInt(value), true);
  }
  return out;
}

const op = (...codes: number[]): Uint8Array => Uint8Array.from(codes);
const [mark, tuple, reduce, persistent, emptyTuple] = [0x28, 0x74, 0x52, 0x51, 0x29];
const numbers = (values: readonly number[]): Uint8Array[] => [op(mark), ...values.map(integer), op(tuple)];

const storageTypes = { float32: "FloatStorage", int64: "LongStorage" } as const;
const typeOf = (data: Float32Array | BigInt64Array): keyof typeof storageTypes =>
  data instanceof Float32Array ? "float32" : "int64";

/** `torch._utils._rebuild_tensor_v2(storage, 0, shape, strides, False, OrderedDict())` */
function tensor({ shape, data }: DenseArray<Float32Array | BigInt64Array>, key: string): Uint8Array[] {
  const strides = shape.map((_, i) => elements(shape.slice(i + 1)));
  return [
    global("torch._utils", "_rebuild_tensor_v2"),
    op(mark, mark),
    text("storage"),
    global("torch", storageTypes[typeOf(data)]),
    text(key),
    text("cpu"),
    integer(data.length),
    op(tuple, persistent),
    integer(0),
    ...numbers(shape),
    ...numbers(strides),
    op(0x89), // False: no gradient is asked for
    global("collections", "OrderedDict"),
    op(emptyTuple, reduce, tuple, reduce),
  ];
}

/**
 * The bytes of a .pth file: an OrderedDict of tensors.
 *
 * @param tensors - by name, in order; a counter `num_batches_tracked` is added to each BatchNorm, as strict loading asks for it
 */
export function encodeTorch(tensors: Readonly<Record<string, DenseArray<Float32Array>>>): Uint8Array {
  const all = Object.entries(tensors).flatMap(
    ([name, value]): (readonly [string, DenseArray<Float32Array | BigInt64Array>])[] =>
      name.endsWith(".running_var")
        ? [
            [name, value],
            [name.replace(/running_var$/, "num_batches_tracked"), { shape: [], data: BigInt64Array.of(0n) }],
          ]
        : [[name, value]],
  );
  const pickle = [
    op(0x80, 2),
    global("collections", "OrderedDict"),
    op(emptyTuple, reduce, mark),
    ...all.flatMap(([name, value], i) => [text(name), ...tensor(value, String(i))]),
    op(0x75, 0x2e), // the items set, the end
  ];
  const raw = ({ buffer, byteOffset, byteLength }: Float32Array | BigInt64Array) =>
    new Uint8Array(buffer, byteOffset, byteLength);
  return writeZip([
    ["archive/data.pkl", Buffer.concat(pickle)],
    ["archive/byteorder", utf8.encode("little")],
    ...all.map(([, { data }], i) => [`archive/data/${i}`, raw(data)] as const),
    ["archive/version", utf8.encode("3\n")],
  ]);
}
