import test from "ava";
import fc from "fast-check";
import { clusteringScores } from "../../src/eval/index.js";
import { readFixture } from "../cluster/fixture.js";

const fixture = readFixture("eval-clustering");
const measures = ["ami", "nmi", "ari", "homogeneity", "completeness", "vMeasure", "purity"] as const;

for (const [i, pair] of (fixture.config.pairs as string[]).entries()) {
  test(`clustering scores reproduce eval-clustering, pair ${pair}`, (t) => {
    const found = clusteringScores(fixture.ids(`truth_${i}`), fixture.ids(`cluster_${i}`));
    for (const measure of measures) {
      const expected = fixture.number(`out.${measure}_${i}`);
      t.true(Math.abs(found[measure] - expected) < 1e-6, `${measure}: ${found[measure]}, not ${expected}`);
    }
  });
}

const partitions = fc
  .integer({ min: 1, max: 40 })
  .chain((count) =>
    fc.tuple(
      fc.array(fc.integer({ min: 0, max: 5 }), { minLength: count, maxLength: count }),
      fc.array(fc.integer({ min: 0, max: 8 }), { minLength: count, maxLength: count }),
    ),
  );
const isNear = (a: number, b: number) => Math.abs(a - b) < 1e-9;

test("relabelled clusters have the same scores", (t) => {
  fc.assert(
    fc.property(
      partitions,
      fc.shuffledSubarray([-7, 3, 11, 2, 900, 41, 5, 6, 77], { minLength: 9 }),
      ([a, b], names) => {
        const before = clusteringScores(a, b);
        const after = clusteringScores(
          a,
          b.map((id) => names[id]),
        );
        return measures.every((measure) => isNear(before[measure], after[measure]));
      },
    ),
  );
  t.pass();
});

test("AMI, NMI, ARI and V are symmetric, homogeneity and completeness change places", (t) => {
  fc.assert(
    fc.property(partitions, ([a, b]) => {
      const one = clusteringScores(a, b);
      const other = clusteringScores(b, a);
      return (
        (["ami", "nmi", "ari", "vMeasure"] as const).every((measure) => isNear(one[measure], other[measure])) &&
        isNear(one.homogeneity, other.completeness)
      );
    }),
  );
  t.pass();
});

test("identical partitions score 1, and all scores are finite and at most 1", (t) => {
  fc.assert(
    fc.property(partitions, ([a, b]) => {
      const same = clusteringScores(a, a);
      const different = clusteringScores(a, b);
      return (
        measures.every((measure) => same[measure] === 1) &&
        measures.every((measure) => Number.isFinite(different[measure]) && different[measure] <= 1 + 1e-9)
      );
    }),
  );
  t.pass();
});

test("partitions of different lengths are refused", (t) => {
  t.throws(() => clusteringScores([1, 2], [1]), { name: "DataError", message: /2 labels and 1 cluster ids/ });
});
