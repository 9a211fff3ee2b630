// @ts-check
/** The clustering stage alone, on vectors of one's own: node examples/clustering.mjs */
import { hierarchy, plainNearest, unitRows } from "hcsc/cluster";
import { clusteringScores } from "hcsc/eval";

/** 600 points about 12 centres, which lie about 3 others. */
const [count, width] = [600, 16];
const gaussian = () => Array.from({ length: 12 }, Math.random).reduce((a, b) => a + b) - 6;
const centre = (/** @type {number[]} */ about, /** @type {number} */ spread) =>
  about.map((x) => x + spread * gaussian());
const coarse = Array.from({ length: 3 }, () => centre(Array(width).fill(0), 1));
const fine = Array.from({ length: 12 }, (_, c) => centre(coarse[c % 3], 0.3));
const points = Array.from({ length: count }, (_, i) => centre(fine[i % 12], 0.05));

const features = unitRows({ shape: [count, width], data: Float32Array.from(points.flat()) });
const { levels, warnings } = await hierarchy(features, {
  clusters: [12, 3],
  temperature: 0.2,
  variant: "paper",
  seed: 0,
  nearest: plainNearest, // nearestCentroidOn(engine) of hcsc/training is 20 times as fast
});
for (const warning of warnings) console.log(warning);
for (const [l, { prototypes, sizes, temperature, assignment }] of levels.entries()) {
  const { ami } = clusteringScores(
    assignment,
    Int32Array.from(points, (_, i) => (l === 0 ? i % 12 : i % 3)),
  );
  console.log(
    `level ${l + 1}: ${prototypes.shape[0]} prototypes of ${Math.min(...sizes)} to ${Math.max(...sizes)} points`,
  );
  console.log(
    `  agreement with the truth (AMI) ${ami.toFixed(3)}, temperatures ${Math.min(...temperature).toFixed(3)} to ${Math.max(...temperature).toFixed(3)}`,
  );
}
