/**
 * Run by each process of a world: clusters and evaluates data of which it has its part, and holds what comes out against what it finds
 * alone, having all. Argument: how many sets are drawn. Process 0 writes what differed, of all processes, as a line of JSON: an empty list if nothing did.
 */
import { isDeepStrictEqual } from "node:util";
import type { Matrix } from "../../src/array.js";
import { gatherRows, hierarchy, kmeans, plainNearest, unitRows } from "../../src/cluster/index.js";
import {
  type Examples,
  embeddingSpread,
  fitLinear,
  knnClassify,
  type LogisticObjective,
  plainMostSimilar,
  precisions,
  rightShares,
  targetsOf,
} from "../../src/eval/index.js";
import { joinWorld } from "../../src/mpi/index.js";
import { random } from "../../src/random.js";
import { alone, countsOf, gatherAll, gatherTexts, ownRange, sumOf } from "../../src/world/index.js";
import { matrixOf, mixture, unitMixture } from "../cluster/points.js";

const world = await joinWorld(process.env);
const differing: string[] = [];
const holds = (what: string, is: boolean): void => {
  if (!is) differing.push(`process ${world.rank}: ${what}`);
};
const equal = (what: string, found: unknown, expected: unknown): void =>
  holds(what, isDeepStrictEqual(found, expected));
const near = (what: string, found: ArrayLike<number>, expected: ArrayLike<number>, bound = 1e-12): void =>
  holds(
    what,
    found.length === expected.length &&
      Array.from(found).every((x, i) => Math.abs(x - expected[i]) <= bound * Math.max(1, Math.abs(expected[i]))),
  );

/** This process's rows, of shares that need not be equal: the last process has what all others leave. */
function part(matrix: Matrix, isEven: boolean): { readonly own: Matrix; readonly rows: Int32Array } {
  const [count] = matrix.shape;
  const even = ownRange(count, world);
  const { from, to } = isEven
    ? even
    : {
        from: Math.min(count, 2 * world.rank),
        to: world.rank === world.size - 1 ? count : Math.min(count, 2 * world.rank + 2),
      };
  const rows = Int32Array.from({ length: to - from }, (_, i) => from + i);
  return { own: gatherRows(matrix, rows), rows };
}

const next = random(11);
const whole = (from: number, to: number): number => from + Math.floor(next() * (to - from + 1));
/** Sets that differ in kind: clouds, few points, points that are equal. */
const sets: readonly (() => Matrix)[] = [
  () => unitMixture(whole(30, 160), whole(1, 9), whole(2, 20), 0.5, whole(0, 1e6)),
  () => unitRows(mixture(whole(1, 6), 3, 3, 1, whole(0, 1e6))),
  () => matrixOf(Array.from({ length: whole(8, 40) }, (_, i) => (i % 7 < 4 ? [1, 0] : [0, i % 2]))),
  () => unitMixture(whole(60, 90), 4, 5, 0, whole(0, 1e6)),
];

for (let trial = 0; trial < Number(process.argv[2]); trial++) {
  const points = unitRows(sets[trial % sets.length]());
  const { own, rows } = part(points, trial % 3 > 0);
  const what = `trial ${trial}, ${points.shape.join(" × ")}`;
  const options = { iterations: whole(1, 12), restarts: whole(1, 4), seed: trial, nearest: plainNearest };
  const k = whole(1, 25);
  const one = await kmeans(points, k, options);
  const shared = await kmeans(own, k, { ...options, world });
  const ofRows = (all: Int32Array) => rows.map((i) => all[i]);
  equal(`${what}: k-means`, shared.assignment, ofRows(one.assignment));
  near(`${what}: centroids`, shared.centroids.data, one.centroids.data, 1e-6);
  near(
    `${what}: distances`,
    shared.distance,
    Float64Array.from(rows, (i) => one.distance[i]),
    1e-6,
  );
  near(`${what}: objectives`, shared.objectives, one.objectives);
  equal(`${what}: comparisons, warnings`, [shared.comparisons, shared.warnings], [one.comparisons, one.warnings]);

  for (const variant of ["paper", "reference"] as const) {
    const top = whole(1, 5);
    const asked = { ...options, clusters: [3 * top, 2 * top, top], temperature: 0.2, variant, minimumClusterSize: 6 };
    const tree = await hierarchy(points, asked);
    const among = await hierarchy(own, { ...asked, world });
    equal(`${what}, ${variant}: warnings`, among.warnings, tree.warnings);
    equal(`${what}, ${variant}: levels`, among.levels.length, tree.levels.length);
    for (const [l, level] of tree.levels.entries()) {
      const { prototypes, temperature, parent, assignment, sizes } = among.levels[l];
      const at = `${what}, ${variant}, level ${l + 1}`;
      equal(`${at}: assignment`, assignment, ofRows(level.assignment));
      equal(`${at}: sizes, parents`, [sizes, parent], [level.sizes, level.parent]);
      near(`${at}: prototypes`, prototypes.data, level.prototypes.data, 1e-6);
      near(`${at}: temperatures`, temperature, level.temperature, 1e-6);
    }
  }

  if (points.shape[0] < 2) continue;
  const spread = [embeddingSpread(own, world), embeddingSpread(points)].map((s) => Object.values(s));
  near(`${what}: spread`, spread[0], spread[1], 1e-9);

  // Points that are equal among them: of equal neighbours the earlier votes.
  const labelled = (count: number) => Int32Array.from({ length: count }, () => whole(0, 3));
  const [labels, asked] = [labelled(points.shape[0]), mixture(whole(1, 20), points.shape[1], 3, 1, trial)];
  const truth = labelled(asked.shape[0]);
  const queries = part(asked, trial % 2 === 0);
  const options2 = {
    k: [1, Math.min(5, points.shape[0])],
    mostSimilar: plainMostSimilar,
    queryBlock: 8,
    candidateBlock: 9,
  };
  const alike = await knnClassify({ features: points, labels }, { features: asked, labels: truth }, options2);
  const alikeHere = await knnClassify(
    { features: own, labels: ofRows(labels) },
    { features: queries.own, labels: queries.rows.map((i) => truth[i]) },
    { ...options2, world },
  );
  const expected = alike.map((r) => ({ ...r, predictions: queries.rows.map((i) => r.predictions[i]) }));
  equal(`${what}: kNN`, alikeHere, expected);
}

/** Logistic regression's loss and gradient, of single labels, in float64. */
const plainObjective: LogisticObjective =
  async ({ features: { shape, data }, targets }, decay) =>
  async (x) => {
    const [count, width] = shape;
    const { classes } = targets;
    const gradient = new Float64Array(x.length);
    let value = 0;
    for (let w = 0; w < classes * width; w++) {
      value += (decay / 2) * x[w] ** 2;
      gradient[w] = decay * x[w];
    }
    for (let i = 0; i < count; i++) {
      const row = data.subarray(i * width, (i + 1) * width);
      const scores = Array.from({ length: classes }, (_, c) =>
        row.reduce((sum, v, j) => sum + v * x[c * width + j], x[classes * width + c]),
      );
      const most = Math.max(...scores);
      const log = most + Math.log(scores.reduce((sum, s) => sum + Math.exp(s - most), 0));
      const label = targets.kind === "single" ? targets.labels[i] : 0;
      value += (log - scores[label]) / count;
      for (const [c, s] of scores.entries()) {
        const error = (Math.exp(s - log) - Number(c === label)) / count;
        gradient[classes * width + c] += error;
        for (let j = 0; j < width; j++) gradient[c * width + j] += error * row[j];
      }
    }
    return { value, gradient };
  };

for (const isEven of [true, false]) {
  const features = mixture(90, 4, 3, 0.8, 5);
  const examples: Examples = {
    features,
    targets: { kind: "single", classes: 3, labels: Int32Array.from({ length: 90 }, () => whole(0, 2)) },
  };
  const { own, rows } = part(features, isEven);
  const options = { objective: plainObjective, strengths: [0.1, 1, 10], seed: 3 };
  const one = await fitLinear(examples, options);
  const shared = await fitLinear({ features: own, targets: targetsOf(examples.targets, rows) }, { ...options, world });
  equal("linear: strength and scores", [shared.strength, shared.tried], [one.strength, one.tried]);
  near("linear: parameters", shared.classifier.parameters, one.classifier.parameters, 1e-6);

  const scores = mixture(90, 3, 3, 1, 6);
  const classes = labelsUpTo(3, 90);
  equal(
    "shares",
    rightShares(
      part(scores, isEven).own,
      rows.map((i) => classes[i]),
      world,
    ),
    rightShares(scores, classes),
  );
  const shown = Int8Array.from({ length: 270 }, () => whole(-1, 1));
  const those = Int8Array.from({ length: 3 * rows.length }, (_, at) => shown[3 * rows[0] + at]);
  equal(
    "precisions",
    precisions(part(scores, isEven).own, { shape: [rows.length, 3], data: those }, world),
    precisions(scores, { shape: [90, 3], data: shown }),
  );
}

function labelsUpTo(classes: number, count: number): Int32Array {
  return Int32Array.from({ length: count }, () => whole(0, classes - 1));
}

equal("a sum", sumOf(world, world.rank + 1), (world.size * (world.size + 1)) / 2);
const parts = Array.from({ length: world.size }, (_, r) => Array<number>(r).fill(r)).flat();
equal("parts", gatherAll(world, new Uint8Array(world.rank).fill(world.rank)), Uint8Array.from(parts));
equal("counts", countsOf(world, world.rank + 1), {
  each: Int32Array.from({ length: world.size }, (_, r) => r + 1),
  from: (world.rank * (world.rank + 1)) / 2,
  count: (world.size * (world.size + 1)) / 2,
});
equal("alone", gatherAll(alone, Int32Array.of(4)), Int32Array.of(4));

const all = gatherTexts(world, JSON.stringify(differing)).flatMap((text) => JSON.parse(text) as string[]);
if (world.rank === 0) process.stdout.write(`${JSON.stringify(all)}\n`);
world.finalize();
process.exit(0);
