import test from "ava";
import { curvesOf } from "../../src/report/curves.js";
import { sampled } from "../../src/report/sample.js";
import type { Metric } from "../../src/train/index.js";

const step = (n: number, more: object = {}): Metric => ({
  kind: "step",
  step: n,
  epoch: 0,
  loss: n,
  terms: [n, 2 * n],
  learningRate: 0.5,
  gradientNorm: 1,
  meanEmbeddingNorm: 0,
  ...more,
});

test("few steps stay as they are", (t) => {
  const steps = [step(1), step(2, { instanceKept: [0.5] })];
  t.deepEqual(curvesOf([...steps, { kind: "epoch", step: 2 }, { kind: "evaluation", step: 2 }]) as unknown, {
    steps,
    epochs: [{ kind: "epoch", step: 2 }],
  });
});

test("many steps become means of several, of the numbers that are there", (t) => {
  const { steps } = curvesOf(
    Array.from({ length: 5001 }, (_, i) =>
      step(i + 1, { gradientNorm: i % 3 === 0 ? null : i, ...(i < 1 ? {} : { prototypeKept: [i % 3] }) }),
    ),
  );
  t.is(steps.length, 1667);
  t.is(steps[0].step, 3);
  t.is(steps[0].loss, 2);
  t.deepEqual(steps[0].terms, [2, 4]);
  t.is(steps[0].gradientNorm, 1.5);
  t.deepEqual(steps[0].prototypeKept, [1.5]);
  t.false("instanceKept" in steps[0]);
  t.is(steps[1666].step, 5001);
});

test("a sample is rising, without repeats, of every size, by its seed", (t) => {
  t.deepEqual([...sampled(5, 10, 3)], [0, 1, 2, 3, 4]);
  const some = sampled(1000, 100, 3);
  t.is(new Set(some).size, 100);
  t.true(some.every((x, i) => x >= 0 && x < 1000 && (i === 0 || x > some[i - 1])));
  t.deepEqual(sampled(1000, 100, 3), some);
  t.notDeepEqual(sampled(1000, 100, 4), some);
  // Not the first hundred: about as many of each half.
  t.true(Math.abs(some.filter((x) => x < 500).length - 50) < 20);
});
