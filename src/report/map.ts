/** A map of the embedding: images lie close that are similar (UMAP, McInnes et al. 2018). */
import type { Matrix } from "../array.js";
import { random } from "../random.js";
import { principalPlane } from "./principal.js";
import type { Similar } from "./similar.js";

/** Neighbours that a place depends on, the image itself among them. Fewer images have a plain map. */
export const mapNeighbours = 15;
/** Cosines are float32: distances below this are rounding, and all the same. */
const leastDistance = 1e-3;
/** UMAP begins in a square of this half side. */
const startRadius = 10;
/** Steps of UMAP between which nothing else runs on its thread. */
const stepsATurn = 8;

/** Lets what else waits on this thread have its turn. */
const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

/**
 * Places in the unit square. UMAP from exact neighbours, begun in the plane of the first two principal components, so that what
 * lies far apart keeps its place; of `mapNeighbours` images or fewer that plane itself. Depends on nothing but its arguments.
 *
 * @param features - [N, D], unit rows
 * @param similar - `mapNeighbours` - 1 or more of each, where there are as many images
 * @returns x, y of each image, one after the other
 */
export async function mapOf(
  features: Matrix,
  similar: Similar,
  seed: number,
  progress: (stage: string, done: number, total: number) => void,
): Promise<number[]> {
  const rows = features.shape[0];
  const plane = principalPlane(features, seed);
  if (rows <= mapNeighbours) return fitted(plane);
  progress("map, its graph", 0, 1);
  await turn();
  const { default: umapJs } = await import("umap-js"); // CommonJS, of which bundlers promise no other name

  const umap = new umapJs.UMAP({ nNeighbors: mapNeighbours, random: random(seed, "map") });
  umap.setPrecomputedKNN(...neighbourLists(similar, rows));
  // With neighbours given, only the number of points is used.
  const steps = umap.initializeFit(Array.from({ length: rows }, () => []));
  progress("map, its graph", 1, 1);
  const places = umap.getEmbedding(); // The very arrays that steps move.
  begin(places, plane, seed);
  for (let step = 0; step < steps; step++) {
    umap.step();
    progress("map", step + 1, steps);
    if (step % stepsATurn === 0) await turn();
  }
  return fitted(Float64Array.from(places.flat()));
}

/** As UMAP takes them: each point first among its own neighbours, at distance 0. */
function neighbourLists({ each, ids, cosines }: Similar, rows: number): [number[][], number[][]] {
  const lists = <T>(of: (row: number, place: number) => T, own: (row: number) => T): T[][] =>
    Array.from({ length: rows }, (_, row) => [
      own(row),
      ...Array.from({ length: mapNeighbours - 1 }, (_, i) => of(row, row * each + i)),
    ]);
  return [
    lists(
      (_, at) => ids[at],
      (row) => row,
    ),
    lists(
      (_, at) => Math.max(leastDistance, Math.sqrt(Math.max(0, 2 - 2 * cosines[at]))),
      () => 0,
    ),
  ];
}

/** The plane scaled to the start's square, each point a little off so that equal ones can part. */
function begin(places: number[][], plane: Float64Array, seed: number): void {
  const next = random(seed, "mapStart", 1);
  const reach = plane.reduce((most, x) => Math.max(most, Math.abs(x)), 0) || 1;
  for (const [row, place] of places.entries())
    for (const axis of [0, 1]) place[axis] = (startRadius * plane[2 * row + axis]) / reach + 0.01 * (next() - 0.5);
}

/** Shares of points that may lie outside the square on each side of an axis; those are moved to its edge. */
const outside = 0.001;
const decimals = 1e5;

/** Scales both axes alike into 0..1, the middle in the middle; what is not finite lies there too. */
function fitted(places: Float64Array): number[] {
  const axes = [0, 1].map((axis) => {
    const values = places.filter((x, p) => p % 2 === axis && Number.isFinite(x)).sort();
    const cut = Math.floor(outside * values.length);
    return { low: values[cut] ?? 0, high: values[values.length - 1 - cut] ?? 0 };
  });
  const side = Math.max(...axes.map(({ low, high }) => high - low));
  return Array.from(places, (x, p) => {
    const { low, high } = axes[p % 2];
    const unit = side > 0 && Number.isFinite(x) ? (x - (low + high) / 2) / side + 0.5 : 0.5;
    return Math.round(decimals * Math.min(1, Math.max(0, unit))) / decimals;
  });
}
