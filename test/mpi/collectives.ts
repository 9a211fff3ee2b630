/** Run by each process of a world: every collective once, its results as a line of JSON of process 0; then the last ends all with 7. */
import { joinWorld } from "../../src/mpi/index.js";
import { anyOf, gatherTexts, gatherToMain, share } from "../../src/world/index.js";

const world = await joinWorld(process.env);
const { rank, size } = world;
const reduced = (by: "sum" | "max" | "min", data: Float32Array | Float64Array | Int32Array) => {
  world.reduce(by, data);
  return Array.from(data);
};
// More than one call takes: 20 MB.
const large = new Float32Array(5 << 20).fill(rank + 1);
world.reduce("sum", large);
// Rank r sends r·10 + d, r + d times, to rank d.
const sent = Array.from({ length: size }, (_, d) => new Uint8Array(rank + d).fill(10 * rank + d));
const received = world.exchange(
  sent,
  Array.from({ length: size }, (_, s) => s + rank),
);
const root = Float64Array.of(rank === 0 ? 7.5 : 0, rank === 0 ? -1 : 0);
world.broadcast(root);
world.barrier();
// More than goes at once, of lengths that differ.
const lengthOf = (r: number) => (4 << 20) + 1000 * r;
const inMain = gatherToMain(world, new Float32Array(lengthOf(rank)).fill(rank));
const wanted = Array.from({ length: size }, (_, r) => Array(lengthOf(r)).fill(r)).flat();
const own = {
  sum: reduced("sum", Float32Array.of(rank, 0.5)),
  max: reduced("max", Float64Array.of(rank, -rank)),
  min: reduced("min", Int32Array.of(rank, -rank)),
  large: [large.length, large.every((x) => x === (size * (size + 1)) / 2)],
  gathered: Array.from(world.gather(Float32Array.of(rank, rank + 0.25))),
  received: received.map((part) => Array.from(part)),
  root: Array.from(root),
  inMain: [inMain.length, inMain.every((x, i) => x === wanted[i])],
  texts: gatherTexts(world, "é".repeat(rank)),
  shared: share(world, rank === 0 ? { told: ["ü", null] } : { told: [] }),
  any: [anyOf(world, rank === size - 1), anyOf(world, false)],
};
const all = gatherTexts(world, JSON.stringify(own));
if (rank === 0) process.stdout.write(`${JSON.stringify({ size, all: all.map((text) => JSON.parse(text)) })}\n`);
world.barrier();
if (rank === size - 1) world.abort(7);
world.barrier();
