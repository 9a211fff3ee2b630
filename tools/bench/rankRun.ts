/**
 * Run by each process of a world: trains a recipe together and prints, from process 0, what its steps took and sent. Arguments: the recipe
 * as JSON, the images. Steps count from the second epoch on. Bytes are the interface's own count, where the machine has a network of its own.
 */
import { readFileSync } from "node:fs";
import { describeSource, openLoader, openSource } from "../../src/data/index.js";
import { joinWorld } from "../../src/mpi/index.js";
import { parseRecipe } from "../../src/recipe/index.js";
import { chooseTarget, openEngine } from "../../src/runtime/index.js";
import { sha256 } from "../../src/tensorfile/index.js";
import { elsewhere, RunFolder, together, train } from "../../src/train/index.js";
import type { World } from "../../src/world/index.js";
import { median } from "./measure.js";

const [text, data] = process.argv.slice(2);
const recipe = parseRecipe(JSON.parse(text), "bench");
const joined = await joinWorld(process.env);
let waited = 0;
const timed = <A extends readonly unknown[], R>(call: (...given: A) => R): ((...given: A) => R) => {
  return (...given) => {
    const began = performance.now();
    const out = call(...given);
    waited += (performance.now() - began) / 1000;
    return out;
  };
};
const world: World = {
  ...joined,
  reduce: timed(joined.reduce),
  gather: timed(joined.gather) as World["gather"],
  exchange: timed(joined.exchange),
  broadcast: timed(joined.broadcast),
  barrier: timed(joined.barrier),
};

/** Bytes that have left by the machine's network. */
const sent = (): number => Number(/eth0:(?:\s+\d+){8}\s+(\d+)/.exec(readFileSync("/proc/net/dev", "utf8"))?.[1] ?? 0);

/** Median seconds of a sum of so many floats. */
function sumOf(floats: number): number {
  const vector = new Float32Array(floats);
  const seconds = Array.from({ length: 9 }, () => {
    world.barrier();
    const began = performance.now();
    world.reduce("sum", vector);
    return (performance.now() - began) / 1000;
  });
  return median(seconds);
}

const set = await describeSource(data);
const source = openSource(set);
const loader = openLoader({ source: set, seed: 0, workers: 1 });
const engine = await openEngine({ threads: 1 });
const description = { recipe, data, images: source.count, versions: {}, started: "" };
const now = () => ({ at: performance.now() / 1000, waited, sent: sent() });
let [from, to] = [now(), now()];
let steps = 0;
let perEpoch = 0;
await train({
  run: await RunFolder.create(elsewhere(sha256), description),
  engine,
  target: await chooseTarget(engine),
  source,
  loader,
  together: together(world),
  report: (event) => {
    if (event.kind === "start") perEpoch = event.stepsPerEpoch;
    if (event.kind !== "step") return;
    // From the first step of the second epoch to the last of it: nothing is saved between.
    const inEpoch = event.metric.step - perEpoch;
    if (inEpoch === 1) from = now();
    if (inEpoch === perEpoch) [to, steps] = [now(), perEpoch - 1];
  },
});
const shares = world.gather(Float64Array.of((to.waited - from.waited) / (to.at - from.at)));
const [small, large] = [sumOf(1), sumOf(4 << 20)];
if (world.rank === 0)
  process.stdout.write(
    `${JSON.stringify({
      processes: world.size,
      stepSeconds: (to.at - from.at) / steps,
      sentPerStep: (to.sent - from.sent) / steps,
      waitingShare: shares.reduce((a, b) => a + b, 0) / world.size,
      latency: small,
      bandwidth: world.size === 1 ? null : (16 << 20) / large,
    })}\n`,
  );
await Promise.all([engine.close(), loader.close()]);
world.finalize();
