import test, { type ExecutionContext } from "ava";
import { differentiate, input, inputsOf } from "../../src/graph/index.js";
import { warmupLoss } from "../../src/hcsc/index.js";
import { compile } from "../../src/programs/index.js";
import { normal, random } from "../../src/random.js";
import { openEngine } from "../../src/runtime/index.js";

const settings = {
  variant: "paper",
  temperature: 0.2,
  instanceSelection: true,
  prototypeSelection: true,
  selectionOnLocal: true,
} as const;

function unitRows(rows: number, width: number, seed: number): Float32Array {
  const next = random(seed);
  const data = Float32Array.from({ length: rows * width }, () => normal(next));
  for (let r = 0; r < rows; r++) {
    const row = data.subarray(r * width, (r + 1) * width);
    const length = Math.hypot(...row);
    row.forEach((x, i) => {
      row[i] = x / length;
    });
  }
  return data;
}

async function infoNce(t: ExecutionContext, q: Float32Array, k: Float32Array, queue: Float32Array, width: number) {
  const batch = q.length / width;
  const length = queue.length / width;
  const [query, keys, past] = [input("q", [batch, width]), input("k", [batch, width]), input("queue", [length, width])];
  const { total } = warmupLoss(settings, { views: [query], keys, queue: past });
  const outputs = { loss: total, gradient: differentiate(total, [query])[0] };
  const { model } = compile({ name: "infoNce", inputs: inputsOf([total]), outputs }, { kind: "portable" });
  const engine = await openEngine();
  t.teardown(() => engine.close());
  await engine.load("infoNce", model);
  const out = await engine.run(
    "infoNce",
    {
      q: { shape: [batch, width], data: q },
      k: { shape: [batch, width], data: k },
      queue: { shape: [length, width], data: queue },
    },
    ["loss", "gradient"],
  );
  return { loss: Number(out.loss.data[0]), gradient: out.gradient.data as Float32Array };
}

test("InfoNCE of embeddings that are all the same is ln(1 + queue), and has no gradient along them", async (t) => {
  const row = unitRows(1, 8, 1);
  const same = (rows: number) => Float32Array.from({ length: rows * 8 }, (_, i) => row[i % 8]);
  const { loss, gradient } = await infoNce(t, same(4), same(4), same(50), 8);
  t.true(Math.abs(loss - Math.log(51)) < 1e-5);
  t.true(gradient.every((g) => Math.abs(g) < 1e-5));
});

test("InfoNCE agrees with a plain sum in double precision, at temperatures down to the smallest allowed", async (t) => {
  const [q, k, queue] = [unitRows(3, 8, 2), unitRows(3, 8, 3), unitRows(20, 8, 4)];
  const dot = (a: Float32Array, i: number, b: Float32Array, j: number) => {
    let sum = 0;
    for (let d = 0; d < 8; d++) sum += a[i * 8 + d] * b[j * 8 + d];
    return sum;
  };
  let expected = 0;
  for (let b = 0; b < 3; b++) {
    let others = 0;
    for (let j = 0; j < 20; j++) others += Math.exp(dot(q, b, queue, j) / 0.2);
    const own = Math.exp(dot(q, b, k, b) / 0.2);
    expected -= Math.log(own / (own + others)) / 3;
  }
  const { loss } = await infoNce(t, q, k, queue, 8);
  t.true(Math.abs(loss - expected) < 1e-5 * expected);
});

test("the order of a batch does not change its loss", async (t) => {
  const [q, k, queue] = [unitRows(2, 8, 5), unitRows(2, 8, 6), unitRows(20, 8, 7)];
  const swapped = (a: Float32Array) => Float32Array.from([...a.subarray(8), ...a.subarray(0, 8)]);
  const a = await infoNce(t, q, k, queue, 8);
  const b = await infoNce(t, swapped(q), swapped(k), queue, 8);
  t.true(Math.abs(a.loss - b.loss) < 1e-6);
});
