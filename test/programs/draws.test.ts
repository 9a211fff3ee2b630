/** Draws made in the graph of a few words: exact, and as good as independent uniform numbers by every test that is made of them. */
import test, { type ExecutionContext } from "ava";
import { feeds, type StepSettings, tableOf, type Word, wordInputs, wordShape } from "../../src/programs/index.js";
import { openEngine } from "../../src/runtime/index.js";
import { SelectionDraws } from "../../src/train/draws.js";
import { drawsModel, drawsProgram } from "./drawsProgram.js";
import { settings } from "./smallStep.js";

const [batch, levels, queue] = [16, 2, 2048];
const [rows, steps] = [batch * levels, 4];
const s: StepSettings = { ...settings, batchSize: batch, queue, clusters: [5, 3] };
const shape = [batch, levels, queue];

/** The draws of some steps, each [rows, queue]. */
async function drawn(t: ExecutionContext, seed: number): Promise<readonly Float32Array[]> {
  const engine = await openEngine();
  t.teardown(() => engine.close());
  await engine.load("draws", drawsModel(shape));
  const words = new SelectionDraws(s, seed, drawsProgram(shape));
  const all: Float32Array[] = [];
  for (let step = 0; step < steps; step++)
    all.push((await engine.run("draws", words.of(step), ["draws"])).draws.data as Float32Array);
  return all;
}

/** χ² of counts that ought to be alike, as standard deviations from its mean. */
function deviation(counts: readonly number[]): number {
  const expected = counts.reduce((a, b) => a + b, 0) / counts.length;
  const chi = counts.reduce((sum, n) => sum + (n - expected) ** 2 / expected, 0);
  return (chi - (counts.length - 1)) / Math.sqrt(2 * (counts.length - 1));
}

function binned(values: Iterable<number>, bins: number): number[] {
  const counts = Array<number>(bins).fill(0);
  for (const v of values) counts[Math.floor(v * bins)]++;
  return counts;
}

test("extreme words give the draws of 32-bit integers, in [0, 1)", async (t) => {
  const engine = await openEngine();
  t.teardown(() => engine.close());
  await engine.load("draws", drawsModel([4, 6]));
  const [even, odd] = [
    [0, -(2 ** 31), 2 ** 31 - 2, 0x5bd1e994],
    [1, -1, 2 ** 31 - 1, 1 - 2 ** 31, 0x1b873593, 77],
  ];
  const [b, d] = [
    [0, -(2 ** 31), 2 ** 31 - 256, 256],
    [0, -256, 2 ** 31 - 256, -(2 ** 31), 0x1234500, 256],
  ];
  const values: Record<Word, number[]> = { a: even, b, c: odd, d };
  const fed = Object.fromEntries(
    (Object.keys(wordInputs) as Word[]).map((w) => [
      wordInputs[w](feeds.instanceDraws),
      { shape: wordShape(w, tableOf(feeds.instanceDraws, [4, 6])), data: Int32Array.from(values[w]) },
    ]),
  );
  const { data } = (await engine.run("draws", fed, ["draws"])).draws;
  const expected = even.flatMap((a, r) => odd.map((c, q) => Math.imul((a + c) | 0, (b[r] + d[q]) | 0) / 2 ** 32 + 0.5));
  t.deepEqual(Array.from(data as Float32Array), expected);
  t.true(expected.every((u) => u >= 0 && u < 1 && Number.isInteger(u * 2 ** 24)));
});

test("the same seed and step give the same draws, other seeds and steps others", async (t) => {
  const [one, again, other] = [await drawn(t, 5), await drawn(t, 5), await drawn(t, 6)];
  t.deepEqual(one, again);
  for (const [a, b] of [
    [one[0], one[1]],
    [one[0], other[0]],
  ])
    t.true(a.filter((u, i) => u === b[i]).length < 5);
});

test("draws are uniform: all of them, those of each row and of each column", async (t) => {
  const all = await drawn(t, 1);
  t.true(
    Math.abs(
      deviation(
        binned(
          all.flatMap((u) => [...u]),
          256,
        ),
      ),
    ) < 5,
  );
  // The low bits too: what a fraction is beyond 1/2¹² decides between rare events.
  t.true(
    Math.abs(
      deviation(
        binned(
          all.flatMap((u) => Array.from(u, (v) => (v * 4096) % 1)),
          256,
        ),
      ),
    ) < 5,
  );
  for (const u of all)
    for (let r = 0; r < rows; r++) t.true(deviation(binned(u.subarray(r * queue, (r + 1) * queue), 32)) < 6);
  const means = Array.from({ length: queue }, (_, q) => {
    const column = all.flatMap((u) => Array.from({ length: rows }, (_, r) => u[r * queue + q]));
    return (column.reduce((a, v) => a + v, 0) / column.length - 0.5) * Math.sqrt(12 * column.length);
  });
  const spread = means.reduce((a, z) => a + z * z, 0); // χ² of as many columns
  t.true(Math.abs(spread - queue) < 5 * Math.sqrt(2 * queue), `${spread}`);
});

/** Pairs of draws that ought to know nothing of each other. */
const pairs: Readonly<Record<string, (all: readonly Float32Array[], i: number) => readonly [number, number]>> = {
  "the next key": ([u], i) => [u[i], u[(i + 1) % u.length]],
  "a far key": ([u], i) => [u[i], u[(i + 997) % u.length]],
  "the next level": ([u], i) => [u[i], u[(i + queue) % u.length]],
  "the next image": ([u], i) => [u[i], u[(i + levels * queue) % u.length]],
  "the next step": ([u, v], i) => [u[i], v[i]],
  "a rectangle's fourth corner": ([u], i) => {
    const [right, below] = [(i + 1) % u.length, (i + queue) % u.length];
    const predicted = u[right] + u[below] - u[(i + queue + 1) % u.length]; // what a sum of rows and columns would give
    return [u[i], predicted - Math.floor(predicted)];
  },
};

for (const [what, pair] of Object.entries(pairs)) {
  test(`a draw tells nothing of ${what}`, async (t) => {
    const all = await drawn(t, 2);
    const counts = Array<number>(256).fill(0);
    let product = 0;
    for (let i = 0; i < all[0].length; i++) {
      const [a, b] = pair(all, i);
      counts[16 * Math.floor(a * 16) + Math.floor(b * 16)]++;
      product += 12 * (a - 0.5) * (b - 0.5);
    }
    t.true(Math.abs(deviation(counts)) < 5);
    t.true(Math.abs(product / Math.sqrt(all[0].length)) < 5);
  });
}

test("no two rows, and no two columns, go together", async (t) => {
  const [u] = await drawn(t, 3);
  const product = (count: number, a: (i: number) => number, b: (i: number) => number): number => {
    let sum = 0;
    for (let i = 0; i < count; i++) sum += (u[a(i)] - 0.5) * (u[b(i)] - 0.5);
    return (12 * sum) / Math.sqrt(count);
  };
  const squares: number[] = [];
  for (let r = 0; r < rows; r++)
    for (let o = 0; o < r; o++)
      squares.push(
        product(
          queue,
          (q) => r * queue + q,
          (q) => o * queue + q,
        ) ** 2,
      );
  for (let q = 0; q < queue - 3; q++)
    for (const o of [1, 2, 3])
      squares.push(
        product(
          rows,
          (r) => r * queue + q,
          (r) => r * queue + q + o,
        ) ** 2,
      );
  const excess = squares.reduce((a, z) => a + z, 0) - squares.length;
  t.true(Math.abs(excess) < 5 * Math.sqrt(2 * squares.length), `${excess} of ${squares.length}`);
  t.true(Math.max(...squares) < 36);
});
