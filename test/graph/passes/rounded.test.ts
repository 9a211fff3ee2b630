/** Programs rounded otherwise: by how much, where, and where not at all. */
import test from "ava";
import {
  applyAll,
  buildModel,
  constant,
  conv,
  input,
  inputsOf,
  matMul,
  roundedModel,
  sum,
  type Value,
} from "../../../src/graph/index.js";
import { floats, type Sample, session, tensorOf, uniform } from "../gradientError.js";

/** What a model with one output gives, as it is and rounded. */
async function both(y: Value, bits: number, feeds: Readonly<Record<string, Sample>>) {
  const model = buildModel({ name: "both", inputs: inputsOf([y]), outputs: { y } });
  const rounded = roundedModel(model, bits);
  if (!rounded) throw new Error("the model is not taken");
  const given = Object.fromEntries(Object.entries(feeds).map(([name, sample]) => [name, tensorOf(sample)]));
  const run = async (bytes: Uint8Array) => (await (await session(bytes))(given)).y.data as Float32Array;
  return { plain: await run(model), rounded: await run(rounded) };
}

/** x to so many bits. */
function toBits(x: number, bits: number): number {
  const unit = 2 ** (Math.floor(Math.log2(Math.abs(x))) - bits + 1);
  return Math.round(x / unit) * unit;
}

for (const bits of [11, 20])
  test(`products take numbers of ${bits} bits`, async (t) => {
    const [a, b] = [uniform([5, 40]), uniform([40, 3], 2, 9)];
    const y = matMul(input("a", [5, 40]), input("b", [40, 3]));
    const { plain, rounded } = await both(y, bits, { a, b });
    const [left, right] = [a, b].map(({ data }) => data.map((x) => toBits(Math.fround(x), bits)));
    let moved = 0;
    for (const [i, found] of rounded.entries()) {
      const [row, column] = [Math.floor(i / 3), i % 3];
      const terms = Array.from({ length: 40 }, (_, k) => left[40 * row + k] * right[3 * k + column]);
      const expected = terms.reduce((total, x) => total + x, 0);
      const size = terms.reduce((total, x) => total + Math.abs(x), 0);
      t.true(Math.abs(found - expected) < 2 ** -21 * size, `${found} and ${expected}`);
      moved = Math.max(moved, Math.abs(found - plain[i]) / size);
    }
    t.true(moved > 2 ** -bits / 50 && moved < 2 ** -bits, String(moved));
  });

test("sums are right to 22 bits", async (t) => {
  const x = floats([1, 2 ** -23, 1, 2 ** -21], [2, 2]);
  const { plain, rounded } = await both(sum(input("x", [2, 2]), [1]), 20, { x });
  t.deepEqual([...plain], [1 + 2 ** -23, 1 + 2 ** -21]);
  t.deepEqual([...rounded], [1, 1 + 2 ** -21]);
});

test("what constant filters pick is not rounded, nor what is computed of single elements", async (t) => {
  const x = input("x", [1, 1, 4, 4]);
  const picked = conv(x, constant([0, 0, 0, 1], [1, 1, 2, 2]));
  const [y] = applyAll("Relu", [picked]);
  const { plain, rounded } = await both(y, 11, { x: uniform([1, 1, 4, 4]) });
  t.deepEqual(rounded, plain);
});
