/** Reductions as WebGPU is given them, beside sums in float64. */
import { applyAll, buildModel, input, ints } from "../../src/graph/index.js";
import { random } from "../../src/random.js";
import { deviceEngine, deviceTest } from "./device.js";

/** Shapes, and along which axes: by channel after convolutions, by column, all. */
const cases: readonly (readonly [shape: readonly number[], axes: readonly number[]])[] = [
  [
    [8, 16, 28, 28],
    [0, 2, 3],
  ],
  [
    [3, 5, 7, 11],
    [0, 2, 3],
  ],
  [
    [2, 64, 6, 4],
    [0, 2, 3],
  ],
  [[64, 2050], [0]],
  [
    [12, 5, 130],
    [0, 1],
  ],
  [[600, 3], [0]],
  [[9, 40], [1]],
  [
    [40, 41],
    [0, 1],
  ],
];
const ops = {
  ReduceSum: (x: number) => x,
  ReduceMean: (x: number) => x,
  ReduceSumSquare: (x: number) => x * x,
} as const;

/** What is reduced, in float64, and how many numbers make a result. */
function expected(data: Float32Array, shape: readonly number[], axes: readonly number[], term: (x: number) => number) {
  const kept = shape.map((_, i) => i).filter((i) => !axes.includes(i));
  const results = new Float64Array(kept.reduce((n, i) => n * shape[i], 1));
  for (const [at, x] of data.entries()) {
    let [rest, place, unit] = [at, 0, 1];
    for (let i = shape.length - 1; i >= 0; i--) {
      if (kept.includes(i)) {
        place += unit * (rest % shape[i]);
        unit *= shape[i];
      }
      rest = Math.floor(rest / shape[i]);
    }
    results[place] += term(x);
  }
  return { results, each: data.length / results.length };
}

deviceTest("reductions are right to float32, whatever is reduced and kept", async (t) => {
  const engine = await deviceEngine(t, { crossCheck: false });
  for (const [i, [shape, axes]] of cases.entries())
    for (const [op, term] of Object.entries(ops))
      for (const keepdims of [0, 1]) {
        const x = input("x", shape);
        const [y] = applyAll(op as keyof typeof ops, [x, ints(axes)], { keepdims });
        const program = `${op} ${shape} by ${axes}, ${keepdims}`;
        await engine.load(program, buildModel({ name: "reduced", inputs: [x], outputs: { y } }));
        const draw = random(i, 1);
        const data = Float32Array.from({ length: shape.reduce((a, b) => a * b) }, () => 0.3 + draw());
        const { results, each } = expected(data, shape, axes, term);
        const found = (await engine.run(program, { x: { shape, data } }, ["y"])).y;
        t.deepEqual(found.shape, y.shape, program);
        const off = results.map((sum, k) => {
          const right = op === "ReduceMean" ? sum / each : sum;
          return Math.abs(Number(found.data[k]) - right) / right;
        });
        t.true(Math.max(...off) < 1e-6, `${program}: ${Math.max(...off)}`);
        await engine.unload(program);
      }
});
