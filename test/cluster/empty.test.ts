import test from "ava";
import { refillEmpty } from "../../src/cluster/empty.js";
import { pointsOf } from "../../src/cluster/points.js";
import { alone } from "../../src/world/index.js";
import { matrixOf } from "./points.js";

test("an empty cluster takes the farthest point of the largest cluster", (t) => {
  const points = matrixOf([[0], [1], [5], [20], [21]]);
  const owner = Int32Array.from([0, 0, 0, 2, 2]);
  const distance = Float64Array.from([2, 1, 3, 0.5, 0.5]);
  t.deepEqual(refillEmpty(pointsOf(points, alone), owner, distance, Int32Array.from([3, 0, 2])), [
    { point: 2, from: 0, to: 1 },
  ]);
  t.is(distance[2], 0);
});

test("a large cluster of equal points is not split", (t) => {
  const points = matrixOf([[7], [7], [7], [1], [3]]);
  const owner = Int32Array.from([0, 0, 0, 1, 1]);
  const distance = Float64Array.from([0, 0, 0, 1, 1]);
  t.deepEqual(refillEmpty(pointsOf(points, alone), owner, distance, Int32Array.from([3, 2, 0, 0])), [
    { point: 3, from: 1, to: 2 },
  ]);
});
