import test from "ava";
import fc from "fast-check";
import type { DenseArray } from "../../src/array.js";
import { CheckpointError } from "../../src/errors.js";
import { decodeCheckpoint, encodeCheckpoint, type TrainingCheckpoint } from "../../src/ortTraining/index.js";

const tensor = fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 4 }).chain((shape) => {
  const length = shape.reduce((p, d) => p * d, 1);
  return fc
    .float32Array({ minLength: length, maxLength: length, noNaN: true })
    .map((data): DenseArray<Float32Array> => ({ shape, data }));
});
const tensors = fc.dictionary(fc.string({ minLength: 1 }), tensor).map((o) => new Map(Object.entries(o)));

test("a checkpoint reads back as it was written, in order", (t) => {
  fc.assert(
    fc.property(tensors, tensors, (trainable, frozen) => {
      const read = decodeCheckpoint(encodeCheckpoint({ trainable, frozen }));
      t.deepEqual([...read.trainable], [...trainable]);
      t.deepEqual([...read.frozen], [...frozen]);
    }),
    { numRuns: 50 },
  );
});

const one: TrainingCheckpoint = {
  trainable: new Map([["w", { shape: [2], data: Float32Array.of(1, 2) }]]),
  frozen: new Map(),
};

test("what is no checkpoint, or one of another version, is told apart", (t) => {
  const refused = (bytes: Uint8Array) =>
    t.throws(() => decodeCheckpoint(bytes), { instanceOf: CheckpointError }).message;
  t.regex(refused(new TextEncoder().encode("not a checkpoint")), /bytes 4 to 7 are not ODTC/);
  t.regex(refused(new Uint8Array(3)), /not ODTC/);
  const bytes = encodeCheckpoint(one);
  const at = bytes.findIndex(
    (b, i) => i > 7 && b === 2 && bytes[i + 1] === 0 && bytes[i + 2] === 0 && bytes[i + 3] === 0,
  );
  const newer = bytes.slice();
  newer[at] = 3;
  t.regex(refused(newer), /of version 3; 2 is read/);
});
