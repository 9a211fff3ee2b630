import test from "ava";
import { averagePrecisions } from "../../src/eval/index.js";
import { readFixture } from "../cluster/fixture.js";
import { matrixOf } from "../cluster/points.js";

test("average precisions reproduce eval-map", (t) => {
  const fixture = readFixture("eval-map");
  const targets = { shape: fixture.tensor("targets").shape, data: fixture.ids("targets") };
  const found = averagePrecisions(fixture.matrix("scores"), targets);
  for (const [name, mean] of [
    ["ap11", "map11"],
    ["apAll", "mapAll"],
    ["apStep", "mapStep"],
  ] as const) {
    const expected = fixture.numbers(`out.${name}_class`);
    for (const [c, value] of found[name].perClass.entries()) t.true(Math.abs(value - expected[c]) < 1e-6);
    t.true(Math.abs(found[name].mean - fixture.number(`out.${mean}`)) < 1e-6);
  }
  t.true(Math.abs(found.sampleAp - fixture.number("out.sampleAp")) < 1e-6);
});

test("a perfect ranking has precision 1 by every definition", (t) => {
  const scores = matrixOf([
    [0.9, 0.1],
    [0.8, 0.2],
    [0.1, 0.7],
  ]);
  const { ap11, apAll, apStep, sampleAp } = averagePrecisions(scores, {
    shape: [3, 2],
    data: Int32Array.from([1, 0, 1, 0, 0, 1]),
  });
  t.deepEqual([ap11.mean, apAll.mean, apStep.mean, sampleAp], [1, 1, 1, 1]);
});

test("precisions by hand: positives at ranks 1 and 4 of 4", (t) => {
  const scores = matrixOf([[4], [3], [2], [1]]);
  const found = averagePrecisions(scores, { shape: [4, 1], data: Int32Array.from([1, 0, 0, 1]) });
  t.is(found.apStep.mean, 0.75);
  t.is(found.apAll.mean, 0.75);
  t.true(Math.abs(found.ap11.mean - (6 * 1 + 5 * 0.5) / 11) < 1e-12);
});

test("a class without positives is left out of the mean", (t) => {
  const scores = matrixOf([
    [1, 5],
    [2, 4],
  ]);
  const found = averagePrecisions(scores, { shape: [2, 2], data: Uint8Array.from([1, 0, 0, 0]) });
  t.deepEqual([...found.apStep.perClass], [0.5, Number.NaN]);
  t.is(found.apStep.mean, 0.5);
});

test("scores that are not finite and targets of another shape are refused", (t) => {
  const targets = { shape: [1, 2], data: Int32Array.from([1, 0]) };
  t.throws(() => averagePrecisions(matrixOf([[1, Number.NaN]]), targets), { message: /image 0 for class 1 is NaN/ });
  t.throws(() => averagePrecisions(matrixOf([[1]]), targets), { name: "ShapeError" });
  t.throws(() => averagePrecisions(matrixOf([[1, 2]]), { shape: [1, 2], data: new Int32Array(2) }), {
    name: "DataError",
  });
});
