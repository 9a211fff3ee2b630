import test from "ava";
import fc from "fast-check";
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

test("by hand: what is left out has no rank", (t) => {
  // By falling score: left out, positive, left out, negative, positive. Left are ranks 1 and 3 of 3.
  const found = averagePrecisions(matrixOf([[5], [4], [3], [2], [1]]), {
    shape: [5, 1],
    data: Int8Array.from([-1, 1, -1, 0, 1]),
  });
  t.true(Math.abs(found.apStep.mean - (1 + 2 / 3) / 2) < 1e-12);
  t.true(Math.abs(found.apAll.mean - (1 + 2 / 3) / 2) < 1e-12);
  t.true(Math.abs(found.ap11.mean - (6 * 1 + 5 * (2 / 3)) / 11) < 1e-12);
  t.is(found.sampleAp, 1); // each image with a positive has no other class
});

test("by hand: left out for one class, an image still counts for another, and a class of such alone has no positives", (t) => {
  const scores = matrixOf([
    [3, 1],
    [2, 2],
    [1, 3],
  ]);
  const found = averagePrecisions(scores, { shape: [3, 2], data: Int8Array.from([-1, 1, -1, 0, -1, 0]) });
  t.deepEqual([...found.apStep.perClass], [Number.NaN, 1 / 3]);
  t.is(found.apStep.mean, 1 / 3);
  t.is(found.sampleAp, 1);
  const data = Int8Array.from([-1, -1, -1, 0, 0, 0]);
  t.throws(() => averagePrecisions(scores, { shape: [3, 2], data }), { name: "DataError", message: /no target is 1/ });
});

const ofOneClass = fc.array(fc.record({ score: fc.integer({ min: 0, max: 9 }), target: fc.constantFrom(-1, 0, 1) }), {
  minLength: 1,
  maxLength: 30,
});
type Rows = readonly { readonly score: number; readonly target: number }[];
const precisionsOf = (rows: Rows) =>
  averagePrecisions(matrixOf(rows.map(({ score }) => [score])), {
    shape: [rows.length, 1],
    data: Int8Array.from(rows, ({ target }) => target),
  });

test("leaving images out gives what the set without them gives", (t) => {
  t.notThrows(() =>
    fc.assert(
      fc.property(ofOneClass, (rows) => {
        fc.pre(rows.some(({ target }) => target === 1));
        const [all, kept] = [precisionsOf(rows), precisionsOf(rows.filter(({ target }) => target >= 0))];
        return (["ap11", "apAll", "apStep"] as const).every((name) => all[name].mean === kept[name].mean);
      }),
    ),
  );
});

test("the step precision is the mean over positives of the share of positives at or above them, of those not left out", (t) => {
  t.notThrows(() =>
    fc.assert(
      fc.property(ofOneClass, (rows) => {
        fc.pre(rows.some(({ target }) => target === 1));
        const isAbove = (a: number, b: number) =>
          rows[a].score > rows[b].score || (rows[a].score === rows[b].score && a <= b);
        const counted = [...rows.keys()].filter((i) => rows[i].target >= 0);
        const positives = counted.filter((i) => rows[i].target === 1);
        const precision = (p: number) =>
          positives.filter((i) => isAbove(i, p)).length / counted.filter((i) => isAbove(i, p)).length;
        const expected = positives.reduce((sum, p) => sum + precision(p), 0) / positives.length;
        return Math.abs(precisionsOf(rows).apStep.mean - expected) < 1e-12;
      }),
    ),
  );
});
