import test from "ava";
import { extended, type Point, smoothed, spent, thinned } from "../../src/view/series.js";
import { sampleCurves } from "../report/sampleReport.js";

const points = (...values: number[]): Point[] => values.map((value, i) => ({ step: i + 1, value, series: "a" }));

test("thinning takes means of neighbours and keeps series apart", (t) => {
  const other = points(10, 20).map((point) => ({ ...point, series: "b" }));
  t.deepEqual(
    thinned([...points(1, 3, 5, 7, 9), ...other], 3).map(({ step, value, series }) => [series, step, value]),
    [
      ["a", 2, 2],
      ["a", 4, 6],
      ["a", 5, 9],
      ["b", 1, 10],
      ["b", 2, 20],
    ],
  );
});

test("smoothing is the mean of the points around, and does not lag", (t) => {
  const line = points(1, 2, 3, 4, 5, 6);
  t.deepEqual(smoothed(line, 1).slice(1, 5), line.slice(1, 5));
  t.deepEqual(
    smoothed(points(0, 3, 0, 0), 1).map(({ value }) => value),
    [1.5, 1, 1, 0],
  );
});

test("an epoch's time is its steps, clustering and waiting", (t) => {
  const [metric] = sampleCurves(1).epochs;
  const parts = spent([{ ...metric, seconds: 20, clusterSeconds: 4, waitingShare: 0.25 }]);
  t.deepEqual(
    parts.map(({ on, seconds }) => [on, seconds]),
    [
      ["steps", 12],
      ["clustering", 4],
      ["waiting for images", 4],
    ],
  );
});

test("metrics seen before replace what follows, as when a run is resumed", (t) => {
  const { steps, epochs } = sampleCurves(2);
  const steps30 = extended(
    { steps: steps.slice(0, 30), epochs: epochs.slice(0, 1) },
    { steps: steps.slice(30), epochs },
  );
  t.deepEqual(steps30, { steps, epochs });
  t.is(extended({ steps, epochs }, { steps: steps.slice(9, 11), epochs: [] }).steps.length, 11);
});
