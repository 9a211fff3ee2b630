import test from "ava";
import { damagedFrom } from "../../src/train/damage.js";
import type { Metric } from "../../src/train/index.js";

const steps = (norms: readonly number[], loss = 5): readonly Metric[] =>
  norms.map((gradientNorm, i) => ({ kind: "step", step: i + 1, epoch: 0, loss, gradientNorm }));
const failure = (step: number): Metric => ({ kind: "failure", step });
const calm = (n: number): readonly number[] => Array.from({ length: n }, (_, i) => 1 + (i % 3));

test("a run that did not fail shows no damage, however wild", (t) => t.is(damagedFrom(steps([1, 1, 1000, 1])), null));

test("damage begins with the wild steps that lead to the failure", (t) => {
  t.is(damagedFrom([...steps(calm(50)), failure(51)]), 51);
  t.is(damagedFrom([...steps([...calm(50), 90, 2, 400, 1e7]), failure(55)]), 51);
  t.is(damagedFrom([...steps([...calm(10), 90, ...calm(40), 90]), failure(53)]), 52, "an old outlier healed");
  t.is(damagedFrom([...steps([...calm(10), Number.NaN]), failure(12)]), 11);
});
