import test from "ava";
import fc from "fast-check";
import type { Matrix } from "../../src/array.js";
import {
  composeAssignments,
  concentration,
  distancesTo,
  type Hierarchy,
  hierarchy,
  padHierarchy,
  plainNearest,
  similarities,
  unitRows,
} from "../../src/cluster/index.js";
import type { Variant } from "../../src/variants.js";
import { readFixture, relativeError } from "./fixture.js";
import { matrixOf, unitMixture } from "./points.js";

const nearest = plainNearest;

for (const name of ["cluster-temperature-3level", "cluster-temperature-singletons"]) {
  test(`the pieces reproduce ${name}`, (t) => {
    const fixture = readFixture(name);
    const temperature = Number(fixture.config.temperature);
    const ids: Int32Array[] = [];
    let points: Matrix = fixture.matrix("features");
    for (let l = 0; l < Number(fixture.config.levels); l++) {
      const centroids = fixture.matrix(`centroids_${l}`);
      const own = fixture.ids(`assignment_${l}`);
      const prototypes = unitRows(centroids);
      ids.push(own);
      const found = concentration(distancesTo(points, centroids, own), own, centroids.shape[0], { temperature });
      t.true(relativeError(found, fixture.numbers(`out.temperature_${l}`)) < 1e-6, `temperature_${l}`);
      t.true(relativeError(prototypes.data, fixture.numbers(`out.prototypes_${l}`)) < 1e-6, `prototypes_${l}`);
      t.deepEqual(composeAssignments(ids), fixture.ids(`out.im2cluster_${l}`));
      if (l > 0) {
        const logits = similarities(points, prototypes);
        t.true(relativeError(logits.data, fixture.numbers(`out.logits_${l - 1}`)) < 1e-6, `logits_${l - 1}`);
      }
      points = prototypes;
    }
  });
}

test("temperatures of clusters without two different members are all T", (t) => {
  const found = concentration([0, 0, 0], Int32Array.from([0, 1, 1]), 3, { temperature: 0.5 });
  t.deepEqual([...found], [0.5, 0.5, 0.5]);
});

test("temperatures stay positive where most clusters are of equal points", (t) => {
  const owner = Int32Array.from({ length: 20 }, (_, i) => i >> 1);
  const distances = Float64Array.from(owner, (c) => (c === 9 ? 1 : 0));
  for (const value of concentration(distances, owner, 10, { temperature: 0.2 })) t.true(value > 0);
});

/** Says what is wrong with a tree over `features`, or nothing. */
function faults({ levels }: Hierarchy, images: number, temperature: number): string[] {
  const found: string[] = [];
  for (const [l, level] of levels.entries()) {
    const [count, width] = level.prototypes.shape;
    if (level.assignment.length !== images) found.push(`level ${l}: images`);
    if (level.assignment.some((id) => id < 0 || id >= count)) found.push(`level ${l}: ids`);
    if (level.sizes.length !== count || level.sizes.some((size) => size < 1)) found.push(`level ${l}: sizes`);
    if (level.sizes.reduce((a, b) => a + b, 0) !== images) found.push(`level ${l}: total`);
    const mean = level.temperature.reduce((a, b) => a + b, 0) / count;
    if (!(Math.abs(mean / temperature - 1) < 1e-5) || level.temperature.some((value) => !(value > 0))) {
      found.push(`level ${l}: temperature`);
    }
    for (let c = 0; c < count; c++) {
      const norm = Math.hypot(...level.prototypes.data.subarray(c * width, (c + 1) * width));
      if (!(Math.abs(norm - 1) < 1e-5)) found.push(`level ${l}: norm ${norm} of ${c}`);
    }
    const above = levels[l + 1];
    if ((level.parent === null) !== (above === undefined)) found.push(`level ${l}: parent`);
    if (level.parent && above.assignment.some((id, i) => id !== level.parent?.[level.assignment[i]])) {
      found.push(`level ${l}: ids do not compose`);
    }
  }
  return found;
}

for (const variant of ["paper", "reference"] as const satisfies Variant[]) {
  test(`every image has one leaf and the tree is whole: ${variant}`, async (t) => {
    const cases = fc.record({
      seed: fc.nat(),
      count: fc.integer({ min: 1, max: 150 }),
      centres: fc.integer({ min: 1, max: 30 }),
      spread: fc.constantFrom(0, 0.2, 1),
      top: fc.integer({ min: 1, max: 6 }),
    });
    await fc.assert(
      fc.asyncProperty(cases, async ({ seed, count, centres, spread, top }) => {
        const features = unitMixture(count, 6, centres, spread, seed);
        const clusters = [3 * top, 2 * top, top];
        const options = { clusters, temperature: 0.2, variant, restarts: 2, seed, nearest };
        const tree = await hierarchy(features, options);
        const wrong = faults(tree, count, 0.2);
        if (variant === "paper" && count >= 10 && tree.levels.some(({ sizes }) => sizes.some((size) => size < 10))) {
          wrong.push("a small cluster stayed");
        }
        const isShort = tree.levels.some(({ sizes }, l) => sizes.length < clusters[l]);
        if (isShort && tree.warnings.length === 0) wrong.push("no warning");
        if (wrong.length > 0) throw new Error(wrong.join("; "));
      }),
      { numRuns: 40 },
    );
    t.pass();
  });
}

test("images of a dropped cluster go to the most similar prototype that stays", async (t) => {
  const features = unitMixture(300, 8, 12, 0.4, 4);
  const options = { clusters: [40], temperature: 0.2, variant: "paper" as const, seed: 1, nearest };
  const [all] = (await hierarchy(features, { ...options, minimumClusterSize: 0 })).levels;
  const { levels, warnings } = await hierarchy(features, options);
  const [left] = levels;
  const dropped = all.sizes.length - left.sizes.length;
  t.true(dropped > 0);
  t.true(all.sizes.filter((size) => size < 10).length >= dropped);
  t.regex(warnings[0], new RegExp(`^level 1: ${dropped} of ${all.sizes.length} clusters had fewer than 10 images`));
  const { owner: closest } = await nearest(features, left.prototypes);
  const row = (matrix: Matrix, id: number) => matrix.data.subarray(id * 8, (id + 1) * 8).join();
  for (let i = 0; i < 300; i++) {
    const isHome = row(all.prototypes, all.assignment[i]) === row(left.prototypes, left.assignment[i]);
    t.true(isHome || left.assignment[i] === closest[i]);
  }
});

test("fewer images than ten a cluster still give a tree", async (t) => {
  const features = matrixOf([
    [1, 0],
    [0, 1],
    [1, 0],
  ]);
  const tree = await hierarchy(features, { clusters: [3, 2], temperature: 0.2, variant: "paper", seed: 0, nearest });
  t.deepEqual(faults(tree, 3, 0.2), []);
  t.deepEqual(
    tree.levels.map(({ sizes }) => [...sizes]),
    [[3], [3]],
  );
  t.regex(tree.warnings.join("\n"), /level 1: 3 clusters were asked for and 2 made: no more of the 3 points differ/);
});

test("padding keeps the tree and fills up with empty prototypes", async (t) => {
  const features = unitMixture(60, 4, 5, 0.1, 2);
  const options = { clusters: [5, 2], temperature: 0.2, variant: "reference" as const, seed: 0, nearest };
  const tree = await hierarchy(features, options);
  const [fine, top] = padHierarchy(tree, [8, 3]);
  t.is(fine.count, 5);
  t.deepEqual(fine.prototypes.shape, [8, 4]);
  t.deepEqual(fine.prototypes.data.slice(0, 20), tree.levels[0].prototypes.data);
  t.true(fine.prototypes.data.subarray(20).every((value) => value === 0));
  t.deepEqual([...fine.temperature.subarray(5)], [1, 1, 1]);
  t.deepEqual([...(fine.parent ?? [])], [...(tree.levels[0].parent ?? []), 0, 0, 0]);
  t.is(top.parent, null);
  t.throws(() => padHierarchy(tree, [4, 2]), { message: /level 1 has 5 prototypes and 4 rows/ });
  t.throws(() => padHierarchy(tree, [5]), { message: /2 levels/ });
});

test("a level with more clusters than the one below is refused", async (t) => {
  const features = unitMixture(60, 4, 5, 0.1, 2);
  const options = { clusters: [5, 6], temperature: 0.2, variant: "paper" as const, seed: 0, nearest };
  await t.throwsAsync(hierarchy(features, options), { name: "UsageError", message: /clusters\[1\] is 6/ });
});
