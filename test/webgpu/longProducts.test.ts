/** Products of many terms as WebGPU is given them, in groups, beside sums in float64. */
import { buildModel, gemm, input } from "../../src/graph/index.js";
import { normal, random } from "../../src/random.js";
import { deviceEngine, deviceTest } from "./device.js";

interface Case {
  readonly rows: number;
  readonly terms: number;
  readonly columns: number;
  readonly transA?: boolean;
  readonly transB?: boolean;
  readonly adds?: boolean;
}

/** As gradients of weights and of queues are; in no whole vectors; a row. */
const cases: readonly Case[] = [
  { rows: 48, terms: 8384, columns: 36, transA: true },
  { rows: 64, terms: 8192, columns: 20, adds: true },
  { rows: 7, terms: 8505, columns: 5, transA: true, transB: true, adds: true },
  { rows: 1, terms: 8192, columns: 3, transB: true },
];

deviceTest("products of many terms are right to float32, whichever side is turned", async (t) => {
  const engine = await deviceEngine(t, { crossCheck: false });
  for (const [i, { rows, terms, columns, transA = false, transB = false, adds = false }] of cases.entries()) {
    const [alpha, beta] = [0.3, 0.5];
    const shapes = {
      a: transA ? [terms, rows] : [rows, terms],
      b: transB ? [columns, terms] : [terms, columns],
      ...(adds ? { c: [rows, columns] } : {}),
    };
    const draw = random(i, 2);
    const feeds = Object.fromEntries(
      Object.entries(shapes).map(([name, shape]) => {
        const data = Float32Array.from({ length: shape[0] * shape[1] }, () => normal(draw));
        return [name, { shape, data }];
      }),
    );
    const [a, b, c] = Object.entries(shapes).map(([name, shape]) => input(name, shape));
    const y = gemm(a, b, c ?? null, { transA, transB, alpha, beta });
    const program = `product ${i}`;
    await engine.load(program, buildModel({ name: "product", inputs: c ? [a, b, c] : [a, b], outputs: { y } }));
    const found = (await engine.run(program, feeds, ["y"])).y;
    t.deepEqual(found.shape, [rows, columns], program);
    const right = Float64Array.from({ length: rows * columns }, (_, at) => {
      const [row, column] = [Math.floor(at / columns), at % columns];
      let sum = 0;
      for (let k = 0; k < terms; k++)
        sum +=
          feeds.a.data[transA ? k * rows + row : row * terms + k] *
          feeds.b.data[transB ? column * terms + k : k * columns + column];
      return alpha * sum + (adds ? beta * feeds.c.data[at] : 0);
    });
    const off = right.map((sum, at) => Math.abs(sum - Number(found.data[at])));
    const scale = Math.max(...right.map(Math.abs));
    t.true(Math.max(...off) < 1e-5 * scale, `${program}: ${Math.max(...off)} of ${scale}`);
    await engine.unload(program);
  }
});
