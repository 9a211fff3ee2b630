import { createHash } from "node:crypto";
import test from "ava";
import fc from "fast-check";
import { CheckpointError } from "../../src/errors.js";
import { sha256 } from "../../src/tensorfile/index.js";
import { decodeTensors, encodeSealed, isSealed, unsealed } from "../../src/tensors/index.js";

const tensors = {
  weight: { shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) },
  counts: { shape: [3], data: Uint8Array.of(7, 8, 9) },
  step: { shape: [], data: BigInt64Array.of(5n) },
};
const file = () => Buffer.concat([...encodeSealed(tensors, { position: "here" }, sha256())]);
const opened = (bytes: Uint8Array) => unsealed(bytes, decodeTensors(bytes, "a.safetensors"), "a.safetensors", sha256());

test("a sealed file is a safetensors file that ends with the digest of the rest, and opens to what was sealed", (t) => {
  const bytes = file();
  const plain = decodeTensors(bytes, "file");
  t.true(isSealed(plain));
  t.deepEqual([...plain.tensors.keys()].sort(), ["counts", "sha256", "step", "weight"]);
  t.deepEqual(bytes.subarray(-32), createHash("sha256").update(bytes.subarray(0, -32)).digest());
  const back = opened(bytes);
  t.deepEqual({ ...back.metadata }, { position: "here" });
  t.deepEqual(Object.fromEntries([...back.tensors].sort()), Object.fromEntries(Object.entries(tensors).sort()));
});

test("sealing what was unsealed gives the same bytes", (t) => {
  const bytes = file();
  const again = encodeSealed(Object.fromEntries(opened(bytes).tensors), { position: "here" }, sha256());
  t.deepEqual(Buffer.concat([...again]), bytes);
});

test("no byte can change, and no end be missing, without a CheckpointError that names the file", (t) => {
  const bytes = file();
  const refused = (changed: Uint8Array) =>
    t.throws(() => opened(changed), { instanceOf: CheckpointError, message: /^a\.safetensors is damaged/ });
  for (let at = 0; at < bytes.length; at++) {
    refused(bytes.subarray(0, at));
    for (const bit of [1, 128]) {
      const changed = Buffer.from(bytes);
      changed[at] ^= bit;
      refused(changed);
    }
  }
  fc.assert(
    fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
      const changed = Buffer.from(bytes);
      changed[at] ^= change;
      refused(changed);
    }),
    { numRuns: 500 },
  );
});
