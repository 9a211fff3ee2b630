import { mkdtemp, readdir, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import fc from "fast-check";
import type { DenseArray } from "../../src/array.js";
import { CheckpointError } from "../../src/errors.js";
import { readTensors, writeAtomically, writeNpy, writeTensors } from "../../src/tensorfile/index.js";
import { decodeTensors, encodeTensors } from "../../src/tensors/index.js";

const folder = () => mkdtemp(join(tmpdir(), "hcsc-tensors-"));
const bits = ({ data }: DenseArray) => Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("hex");

const kinds = [Float32Array, Int32Array, BigInt64Array, Uint8Array] as const;
const tensor: fc.Arbitrary<DenseArray> = fc
  .tuple(
    fc.constantFrom(...kinds),
    fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 3 }),
    fc.infiniteStream(fc.integer({ min: 0, max: 255 })),
  )
  .map(([Kind, shape, stream]) => {
    const data = new Kind(shape.reduce((p, d) => p * d, 1));
    const bytes = new Uint8Array(data.buffer);
    for (let i = 0; i < bytes.length; i++) bytes[i] = stream.next().value as number;
    return { shape, data };
  });
const names = fc
  .string({ unit: "grapheme", minLength: 1, maxLength: 8 })
  .filter((n) => n !== "__metadata__" && n !== "__proto__");
const files = fc.dictionary(names, tensor, { maxKeys: 5 });

test("whatever is encoded decodes to the same names, shapes, kinds and bits", (t) => {
  fc.assert(
    fc.property(files, fc.dictionary(names, fc.string()), (tensors, metadata) => {
      const back = decodeTensors(Buffer.concat(encodeTensors(tensors, metadata)), "file");
      t.deepEqual({ ...back.metadata }, { ...metadata });
      t.deepEqual([...back.tensors.keys()].sort(), Object.keys(tensors).sort());
      for (const [name, given] of Object.entries(tensors)) {
        const read = back.tensors.get(name) as DenseArray;
        t.is(read.data.constructor, given.data.constructor);
        t.deepEqual([read.shape, bits(read)], [given.shape, bits(given)]);
      }
    }),
    { numRuns: 60 },
  );
});

const sample = () =>
  Buffer.concat(
    encodeTensors(
      { a: { shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) }, b: { shape: [1], data: Uint8Array.of(9) } },
      { k: "v" },
    ),
  );

test("a file cut anywhere is a CheckpointError that names it", (t) => {
  const whole = sample();
  for (let length = 0; length < whole.length; length++)
    t.throws(() => decodeTensors(whole.subarray(0, length), "cut.safetensors"), {
      instanceOf: CheckpointError,
      message: /cut\.safetensors/,
    });
});

test("a changed byte of the header gives a CheckpointError or a file, never another error", (t) => {
  const whole = sample();
  const header = 8 + Number(whole.readBigUInt64LE(0));
  fc.assert(
    fc.property(fc.integer({ min: 0, max: header - 1 }), fc.integer({ min: 0, max: 255 }), (at, value) => {
      const changed = Buffer.from(whole);
      changed[at] = value;
      try {
        decodeTensors(changed, "changed");
      } catch (error) {
        t.true(error instanceof CheckpointError, String(error));
      }
    }),
    { numRuns: 1500 },
  );
  t.pass();
});

/** A file written by the format's description: length, JSON, data. */
function byHand(header: unknown, data: readonly number[]): Buffer {
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, json, Buffer.from(data)]);
}

test("a file written by hand from the format's description is read", (t) => {
  const { tensors } = decodeTensors(
    byHand({ x: { dtype: "I32", shape: [2], data_offsets: [0, 8] } }, [1, 0, 0, 0, 255, 255, 255, 255]),
    "file",
  );
  t.deepEqual([...(tensors.get("x")?.data ?? [])], [1, -1]);
});

for (const [what, header, data, message] of [
  ["an unknown dtype", { x: { dtype: "F8", shape: [1], data_offsets: [0, 1] } }, [0], /x has dtype F8/],
  [
    "a wrong byte count",
    { x: { dtype: "F32", shape: [2], data_offsets: [0, 4] } },
    [0, 0, 0, 0],
    /x \[2\] needs 8 bytes, 4/,
  ],
  ["offsets past the end", { x: { dtype: "U8", shape: [9], data_offsets: [0, 9] } }, [0], /x lies at bytes 0 to 9/],
  ["bytes that no tensor owns", { x: { dtype: "U8", shape: [1], data_offsets: [0, 1] } }, [0, 0], /end at byte 1 of 2/],
  [
    "tensors that overlap",
    { x: { dtype: "U8", shape: [2], data_offsets: [0, 2] }, y: { dtype: "U8", shape: [2], data_offsets: [1, 3] } },
    [0, 0, 0],
    /bytes 1 to 2 belong to no tensor, or to two/,
  ],
  [
    "a hole between tensors",
    { x: { dtype: "U8", shape: [1], data_offsets: [0, 1] }, y: { dtype: "U8", shape: [1], data_offsets: [2, 3] } },
    [0, 0, 0],
    /bytes 1 to 2 belong to no tensor/,
  ],
  ["a header that is a list", [1, 2], [], /not a JSON object/],
] as const) {
  test(`a file with ${what} is refused`, (t) => {
    t.throws(() => decodeTensors(byHand(header, data), "bad.safetensors"), { instanceOf: CheckpointError, message });
  });
}

for (const [shape, data, descriptor, tuple] of [
  [[2, 2], Float32Array.of(1, 2, 3, 4), "<f4", "(2, 2)"],
  [[3], Int32Array.of(1, 2, 3), "<i4", "(3,)"],
  [[], BigInt64Array.of(5n), "<i8", "()"],
  [[1, 2, 1], Uint8Array.of(1, 2), "|u1", "(1, 2, 1)"],
] as const) {
  test(`.npy of ${descriptor} [${shape}] is as NumPy describes the format`, async (t) => {
    const file = join(await folder(), "a.npy");
    await writeNpy(file, { shape, data });
    const bytes = await readFile(file);
    t.is(bytes.toString("latin1", 0, 8), "\x93NUMPY\x01\x00");
    const start = 10 + bytes.readUInt16LE(8);
    t.is(start % 64, 0);
    const header = bytes.toString("latin1", 10, start);
    t.is(header.trim(), `{'descr': '${descriptor}', 'fortran_order': False, 'shape': ${tuple}, }`);
    t.is(header.at(-1), "\n");
    t.is(bytes.subarray(start).toString("hex"), bits({ shape, data }));
  });
}

test("writing that fails half-way leaves the older file, and nothing else", async (t) => {
  const root = await folder();
  const file = join(root, "a.bin");
  await writeFile(file, "before");
  function* broken() {
    yield Uint8Array.of(1, 2);
    throw new Error("no more");
  }
  await t.throwsAsync(writeAtomically(file, broken()), {
    name: "DataError",
    message: /a\.bin cannot be written: no more/,
  });
  t.deepEqual([await readdir(root), await readFile(file, "utf8")], [["a.bin"], "before"]);
  await t.throwsAsync(writeTensors(join(root, "none", "a.safetensors"), {}), { message: /folder does not exist/ });
  await t.throwsAsync(readTensors(join(root, "missing.safetensors")), {
    instanceOf: CheckpointError,
    message: /no such file/,
  });
});
