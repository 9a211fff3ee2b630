import test from "ava";
import fc from "fast-check";
import { DataError } from "../../src/errors.js";
import { dendrogramPurity } from "../../src/eval/index.js";

/** The definition, pair by pair. */
function byPairs(truth: readonly number[], levels: readonly (readonly number[])[]): number {
  const all = [...levels, truth.map(() => 0)];
  let [sum, pairs] = [0, 0];
  for (let i = 0; i < truth.length; i++) {
    for (let j = 0; j < i; j++) {
      if (truth[i] !== truth[j]) continue;
      const level = all.find((l) => l[i] === l[j]) as readonly number[];
      const cluster = truth.filter((_, p) => level[p] === level[i]);
      sum += cluster.filter((label) => label === truth[i]).length / cluster.length;
      pairs++;
    }
  }
  return pairs === 0 ? 1 : sum / pairs;
}

const id = (most: number) => fc.integer({ min: 0, max: most });
/** Points with a class and a leaf; leaves with a parent. */
const tree = fc.tuple(
  fc.array(fc.tuple(id(3), id(5)), { minLength: 1, maxLength: 30 }),
  fc.array(id(2), { minLength: 6, maxLength: 6 }),
);

test("the value is that of the definition, pair by pair", (t) => {
  fc.assert(
    fc.property(tree, ([points, parents]) => {
      const truth = points.map(([label]) => label);
      const leaves = points.map(([, leaf]) => leaf);
      const levels = [leaves, leaves.map((leaf) => parents[leaf])];
      return Math.abs(dendrogramPurity(truth, levels) - byPairs(truth, levels)) < 1e-12;
    }),
  );
  t.pass();
});

test("a branch for each class is 1, and one cluster is the classes' own mix", (t) => {
  t.is(dendrogramPurity([0, 0, 1, 1], [[4, 4, 2, 2]]), 1);
  t.is(dendrogramPurity([0, 0, 1, 1], []), 0.5);
  t.is(dendrogramPurity([0, 1, 2], []), 1);
});

test("levels that are no tree are refused", (t) => {
  t.throws(() => dendrogramPurity([0, 0], [[0]]), { instanceOf: DataError, message: /has 1 points, the truth 2/ });
  const crossed = () =>
    dendrogramPurity(
      [0, 0, 0],
      [
        [0, 0, 1],
        [0, 1, 1],
      ],
    );
  t.throws(crossed, { instanceOf: DataError, message: /cluster 0 of a level lies in 0 and 1/ });
});
