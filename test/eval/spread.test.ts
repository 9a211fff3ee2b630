import test from "ava";
import { embeddingSpread } from "../../src/eval/index.js";
import { matrixOf, unitMixture } from "../cluster/points.js";

test("equal rows have cosine 1 and no deviation", (t) => {
  const { meanCosine, deviation, smallestDeviation } = embeddingSpread(
    matrixOf([
      [0.6, 0.8],
      [0.6, 0.8],
      [0.6, 0.8],
    ]),
  );
  t.true(Math.abs(meanCosine - 1) < 1e-6);
  t.true(deviation < 1e-6);
  t.true(smallestDeviation < 1e-6);
});

test("rows spread over the sphere have cosine about 0 and deviation about 1", (t) => {
  const { meanCosine, deviation } = embeddingSpread(unitMixture(4000, 16, 4000, 1, 1));
  t.true(Math.abs(meanCosine) < 0.01);
  t.true(Math.abs(deviation - 1) < 0.02);
});

test("the mean cosine is that of all pairs", (t) => {
  const rows = unitMixture(30, 7, 3, 0.4, 2);
  let sum = 0;
  for (let i = 0; i < 30; i++) {
    for (let j = 0; j < 30; j++) {
      for (let d = 0; d < 7 && i !== j; d++) sum += rows.data[i * 7 + d] * rows.data[j * 7 + d];
    }
  }
  t.true(Math.abs(embeddingSpread(rows).meanCosine - sum / 870) < 1e-9);
});

test("a dead dimension shows", (t) => {
  const { smallestDeviation } = embeddingSpread(
    matrixOf([
      [1, 0, 0],
      [0, 1, 0],
      [-1, 0, 0],
    ]),
  );
  t.is(smallestDeviation, 0);
});

test("one row has no spread", (t) => {
  t.throws(() => embeddingSpread(matrixOf([[1, 0]])), { name: "DataError", message: /1 rows/ });
});
