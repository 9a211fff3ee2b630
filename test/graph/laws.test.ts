import test from "ava";
import fc from "fast-check";
import * as g from "../../src/graph/index.js";
import { floats, session, tensorOf } from "./gradientError.js";

/** Two shapes that broadcast: every axis of one may be 1, and leading axes may be missing. */
const broadcastable = fc
  .tuple(
    fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 4 }),
    fc.infiniteStream(fc.boolean()),
    fc.nat(4),
    fc.nat(4),
  )
  .map(([full, coin, a, b]) => {
    const cut = (drop: number) => full.slice(Math.min(drop, full.length)).map((d) => (coin.next().value ? 1 : d));
    return [cut(a), cut(b)] as const;
  });

const product = (shape: readonly number[]) => shape.reduce((p, d) => p * d, 1);

/** NumPy's rule, written down plainly. */
function broadcastOf(a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length);
  const wide = (s: readonly number[]) => [...Array(rank - s.length).fill(1), ...s] as number[];
  return wide(a).map((d, i) => (d === 1 ? wide(b)[i] : d));
}

test("broadcasting follows NumPy's rule and commutes", (t) => {
  fc.assert(
    fc.property(broadcastable, ([a, b]) => {
      const [x, y] = [g.input("x", a), g.input("y", b)];
      t.deepEqual(g.add(x, y).shape, broadcastOf(a, b));
      t.deepEqual(g.add(y, x).shape, broadcastOf(a, b));
    }),
  );
});

test("a sum's cotangent holds, for every element, how often it was broadcast", async (t) => {
  await fc.assert(
    fc.asyncProperty(broadcastable, async ([a, b]) => {
      const [x, y] = [g.input("x", a), g.input("y", b)];
      const [dx, dy] = g.differentiate(g.sum(g.add(x, y)), [x, y]);
      const run = await session(g.buildModel({ name: "m", inputs: [x, y], outputs: { dx, dy } }));
      const found = await run({
        x: tensorOf(floats(Array(product(a)).fill(1), a)),
        y: tensorOf(floats(Array(product(b)).fill(1), b)),
      });
      const times = product(broadcastOf(a, b));
      t.deepEqual([...(found.dx.data as Float32Array)], Array(product(a)).fill(times / product(a)));
      t.deepEqual([...(found.dy.data as Float32Array)], Array(product(b)).fill(times / product(b)));
    }),
    { numRuns: 30 },
  );
});

test("a single element meets an array of any shape as it meets the array as one row", async (t) => {
  const array = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 4 }).map((d) => [...d, 1]);
  const op = fc.constantFrom(g.add, g.sub, g.mul, g.div, g.maximum);
  const rank = fc.nat(6);
  await fc.assert(
    fc.asyncProperty(array, rank, op, fc.boolean(), async (shape, ones, apply, turned) => {
      const [x, one] = [g.input("x", shape), g.input("one", Array(ones).fill(1))];
      const plain = turned ? apply(one, x) : apply(x, one);
      const [flat] = g.flattenBroadcasts([plain]);
      t.deepEqual(flat.shape, plain.shape);
      t.is(g.producer(flat)?.op, product(shape) === 1 ? g.producer(plain)?.op : "Reshape");
      const run = await session(g.buildModel({ name: "m", inputs: [x, one], outputs: { plain, flat } }));
      const values = Array.from({ length: product(shape) }, (_, i) => i / 3 - 1);
      const found = await run({
        x: tensorOf(floats(values, shape)),
        one: tensorOf(floats([0.7], one.shape as number[])),
      });
      t.deepEqual(found.flat.data, found.plain.data);
    }),
    { numRuns: 30 },
  );
});

test("the gradient of a·f + b·h is a·∇f + b·∇h", async (t) => {
  const parts = [g.exp, g.tanh, g.sigmoid, (x: g.Value) => g.mul(x, x), (x: g.Value) => g.softmax(x, 0), g.relu, g.erf];
  const part = fc.nat(parts.length - 1);
  const number = fc.integer({ min: -8, max: 8 }).map((n) => n / 4);
  await fc.assert(
    fc.asyncProperty(
      part,
      part,
      number,
      number,
      fc.array(number, { minLength: 1, maxLength: 4 }),
      async (f, h, a, b, at) => {
        const x = g.input("x", [at.length]);
        const [first, second] = [parts[f](x), parts[h](x)];
        const ramp = g.constant(at.map((_, i) => i + 1));
        const loss = (v: g.Value) => g.sum(g.mul(v, ramp));
        const [both] = g.differentiate(loss(g.add(g.mul(first, a), g.mul(second, b))), [x]);
        const [df] = g.differentiate(loss(first), [x]);
        const [dh] = g.differentiate(loss(second), [x]);
        const run = await session(g.buildModel({ name: "m", inputs: [x], outputs: { both, df, dh } }));
        const found = await run({ x: tensorOf(floats(at)) });
        const [left, p, q] = ["both", "df", "dh"].map((k) => found[k].data as Float32Array);
        for (const [i, v] of left.entries()) {
          const right = a * p[i] + b * q[i];
          t.true(Math.abs(v - right) <= 1e-5 * (1 + Math.abs(a * p[i]) + Math.abs(b * q[i])));
        }
      },
    ),
    { numRuns: 30 },
  );
});

test("reshaping there and back is the identity on shapes, with and without a named batch", (t) => {
  const sizes = fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(sizes, fc.boolean(), (shape, isNamed) => {
      const x = g.input("x", isNamed ? ["n", ...shape] : shape);
      const last = shape[shape.length - 1];
      const flat = g.reshape(x, [-1, last]);
      t.deepEqual(g.reshapeLike(flat, x).shape, x.shape);
      if (isNamed) t.deepEqual(g.reshape(flat, [-1, ...shape]).shape, x.shape);
    }),
  );
});
