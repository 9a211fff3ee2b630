/** Weights in fewer bits: float16 as PyTorch rounds it, 8 bits within half a step. */
import test from "ava";
import fc from "fast-check";
import type { DenseArray } from "../../src/array.js";
import { CheckpointError } from "../../src/errors.js";
import { asStored } from "../../src/programs/index.js";
import { readTensors } from "../../src/tensorfile/index.js";
import { openWeights } from "../../src/weights/index.js";

const { tensors } = await readTensors("test/fixtures/weights/expected.safetensors");
const of = (shape: readonly number[], data: ArrayLike<number>): DenseArray => ({
  shape,
  data: Float32Array.from(data),
});

test("float16 is what PyTorch makes of the same numbers", async (t) => {
  const { tensors: halves } = await openWeights("test/fixtures/weights/half.pth");
  let compared = 0;
  for (const [name, tensor] of tensors) {
    const own = name.replace(/^weights[/]/, "");
    const torch = halves.get(`backbone.${own}`) ?? halves.get(`model.backbone.${own}`);
    if (!torch || own.endsWith("num_batches_tracked")) continue;
    t.deepEqual(asStored({ [own]: tensor }, "fp16")[own].data, torch.read(), own);
    compared++;
  }
  t.is(compared, 45);
});

test("float16 keeps what it holds, rounds ties to even, and refuses what is too large", (t) => {
  const exact = [0, 1, -2, 65504, 2 ** -24, -(2 ** -14), 0.333251953125];
  t.deepEqual(asStored({ x: of([7], exact) }, "fp16").x.data, Float32Array.from(exact));
  const ties = asStored({ x: of([3], [1 + 2 ** -11, 1 + 3 * 2 ** -11, 2 ** -25]) }, "fp16").x.data;
  t.deepEqual(ties, Float32Array.of(1, 1 + 2 ** -9, 0));
  const error = t.throws(() => asStored({ x: of([1], [70000]) }, "fp16"), { instanceOf: CheckpointError });
  t.regex(error.message, /x holds 70000, and float16 no more than 65504/);
});

test("8 bits are within half a step of each row's largest number; vectors stay", (t) => {
  const row = fc.array(fc.float({ noNaN: true, min: -100, max: 100 }), { minLength: 4, maxLength: 4 });
  fc.assert(
    fc.property(row, row, (a, b) => {
      const data = Float32Array.from([...a, ...b]);
      const { "fc.weight": w, "fc.bias": bias } = asStored(
        { "fc.weight": of([2, 4], data), "fc.bias": of([8], data) },
        "q8",
      );
      t.deepEqual(bias.data, data);
      for (const [r, values] of [a, b].entries()) {
        const step = Math.max(...values.map(Math.abs)) / 127;
        for (const [i, x] of values.entries())
          if (!(Math.abs(Number(w.data[4 * r + i]) - x) <= step * 0.5001 + 1e-40)) return false;
      }
      return true;
    }),
  );
});
