import test, { type ExecutionContext } from "ava";
import { type DenseArray, elements } from "../../src/array.js";
import type { CompileTarget } from "../../src/compileTarget.js";
import type { Engine } from "../../src/engine/index.js";
import {
  type ClassifierSettings,
  classifierFeeds,
  classifierStep,
  compile,
  initialEncoder,
  memoryOf,
  packState,
  results,
  state,
} from "../../src/programs/index.js";
import { chooseTarget, openEngine } from "../../src/runtime/index.js";
import { settings as contrastive, gaussian, ids, pixels, scalar } from "./smallStep.js";

const { encoder } = contrastive;
const width = 16;
const settings: ClassifierSettings = {
  encoder,
  trains: "head",
  kind: "single",
  classes: 3,
  batchSize: 6,
  pixels: contrastive.pixels,
  weightDecay: 0.01,
};
const labels = [0, 1, 2, 2, 1, 0];
const shown = [1, 0, -1, 0, 1, 1, 0, 0, 0, 1, -1, 0, 1, 1, 1, 0, 0, 1];
const targets = {
  single: ids(labels),
  several: { shape: [6, 3], data: Float32Array.from(shown) },
} as const;

const numbers = (a: DenseArray): readonly number[] => Array.from(a.data as Float32Array, Number);
const zeros = ({ shape }: DenseArray): DenseArray => ({ shape, data: new Float32Array(elements(shape)) });

async function engineOf(t: ExecutionContext): Promise<Engine> {
  const engine = await openEngine();
  t.teardown(() => engine.close());
  return engine;
}

/** The state after one step from `start` with momenta at zero, and the loss before it. */
async function stepped(
  engine: Engine,
  s: ClassifierSettings,
  start: Readonly<Record<string, DenseArray>>,
  fed: Readonly<Record<string, DenseArray>>,
  target: CompileTarget = { kind: "portable" },
) {
  const program = compile(classifierStep(s), target);
  const slot = state.optimizer("momentum", "");
  const momenta = Object.keys(program.state).filter((name) => name.startsWith(slot));
  await engine.load(program.name, program.model, { state: program.state });
  const still = Object.fromEntries(momenta.map((n) => [n, zeros(start[n.slice(slot.length)])]));
  await engine.write(packState(target, { ...start, ...still }));
  const rates = { [classifierFeeds.headRate]: scalar(0.5), [classifierFeeds.momentum]: scalar(0.9) };
  const out = await engine.run(program.name, { ...rates, ...fed }, [results.loss]);
  const after = memoryOf(target, { ...start, ...still }).unpack(await engine.read());
  await engine.drop();
  await engine.unload(program.name);
  return { loss: Number(out[results.loss].data[0]), after };
}

const head = { "classifier/weight": gaussian([3, width]), "classifier/bias": gaussian([3]) };
const features = gaussian([6, width]);

/** ∂loss/∂scores and the loss by the textbook, in float64. */
const textbook = {
  single(scores: readonly number[], row: number) {
    const total = scores.reduce((a, s) => a + Math.exp(s), 0);
    return {
      loss: Math.log(total) - scores[labels[row]],
      gradient: scores.map((s, c) => Math.exp(s) / total - (c === labels[row] ? 1 : 0)),
    };
  },
  several(scores: readonly number[], row: number) {
    const own = shown.slice(3 * row, 3 * row + 3);
    return {
      loss: scores.reduce((a, s, c) => (own[c] < 0 ? a : a + Math.log(1 + Math.exp(s)) - own[c] * s), 0),
      gradient: scores.map((s, c) => (own[c] < 0 ? 0 : 1 / (1 + Math.exp(-s)) - own[c])),
    };
  },
} as const;

for (const kind of ["single", "several"] as const) {
  test(`a step on features, ${kind}: loss, weights and bias are the textbook's`, async (t) => {
    const engine = await engineOf(t);
    const fed = { [classifierFeeds.features]: features, [classifierFeeds.targets]: targets[kind] };
    const { loss, after } = await stepped(engine, { ...settings, kind }, head, fed);
    const [w, b, x] = [head["classifier/weight"], head["classifier/bias"], features].map(numbers);
    const [weight, bias] = [[...w.map((v) => 0.01 * v)], [...b.map((v) => 0.01 * v)]]; // gradients, of the decay first
    let expected = 0;
    for (let i = 0; i < 6; i++) {
      const row = x.slice(i * width, (i + 1) * width);
      const scores = [0, 1, 2].map((c) => b[c] + row.reduce((a, v, j) => a + v * w[c * width + j], 0));
      const { loss: own, gradient } = textbook[kind](scores, i);
      expected += own / 6;
      for (const [c, g] of gradient.entries()) {
        bias[c] += g / 6;
        for (const [j, v] of row.entries()) weight[c * width + j] += (g * v) / 6;
      }
    }
    t.true(Math.abs(loss - expected) < 1e-5 * Math.abs(expected));
    for (const [name, before, gradient] of [
      ["classifier/weight", w, weight],
      ["classifier/bias", b, bias],
    ] as const)
      for (const [i, v] of numbers(after[name]).entries())
        t.true(Math.abs(v - (before[i] - 0.5 * gradient[i])) < 1e-5, `${name} ${i}`);
  });
}

const whole: ClassifierSettings = { ...settings, trains: "whole", weightDecay: 0 };
const backbone = Object.fromEntries(
  Object.entries(initialEncoder(encoder, 5))
    .filter(([name]) => !name.startsWith("fc."))
    .map(([name, value]) => [state.query(name), value]),
);
const images = pixels([6, 1, 10, 10]);
const fedWhole = (rate: number) => ({
  [classifierFeeds.images]: images,
  [classifierFeeds.targets]: targets.single,
  [classifierFeeds.headRate]: scalar(0),
  [classifierFeeds.backboneRate]: scalar(rate),
});

test("a step on images moves the backbone down the loss's slope, at its own rate, and its statistics", async (t) => {
  const engine = await engineOf(t);
  const start: Record<string, DenseArray> = { ...backbone, ...head };
  const { after } = await stepped(engine, whole, start, fedWhole(1));
  t.deepEqual(after["classifier/weight"].data, head["classifier/weight"].data);
  const names = Object.keys(backbone).filter((n) => !/running_/.test(n));
  t.notDeepEqual(after["query/bn1.running_mean"].data, start["query/bn1.running_mean"].data);
  const gradients = new Map(
    names.map((n) => {
      const now = numbers(after[n]);
      return [n, numbers(start[n]).map((v, i) => v - now[i])] as const;
    }),
  );
  const slope = [...gradients.values()].flat().reduce((sum, g) => sum + g * g, 0);
  // Along its gradient a function changes by |gradient|² for each unit: the step itself is not trusted to know.
  const lossAt = async (h: number) => {
    const moved = [...gradients].map(([n, gradient]) => {
      const data = Float32Array.from(numbers(start[n]), (v, i) => v + h * gradient[i]);
      return [n, { shape: start[n].shape, data }] as const;
    });
    return (await stepped(engine, whole, { ...start, ...Object.fromEntries(moved) }, fedWhole(0))).loss;
  };
  const h = 1e-3;
  const measured = ((await lossAt(h)) - (await lossAt(-h))) / (2 * h);
  t.true(Math.abs(measured - slope) < 0.02 * slope, `${measured} against ${slope}`);
});

test("the step of this machine's target gives what standard ops give", async (t) => {
  const engine = await engineOf(t);
  const start = { ...backbone, ...head };
  const [plain, own] = [
    await stepped(engine, whole, start, fedWhole(0.1)),
    await stepped(engine, whole, start, fedWhole(0.1), await chooseTarget(engine)),
  ];
  t.true(Math.abs(plain.loss - own.loss) < 1e-5);
  t.deepEqual(Object.keys(plain.after).sort(), Object.keys(own.after).sort());
  for (const [name, value] of Object.entries(plain.after)) {
    const others = numbers(own.after[name]);
    for (const [i, v] of numbers(value).entries()) t.true(Math.abs(v - others[i]) < 1e-4, `${name} ${i}`);
  }
});
