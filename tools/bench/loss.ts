/**
 * The losses with their selection, and the gradient to the queries, beside the authors' formulation, which takes the whole queue
 * through a softmax over all prototypes at every step. Ours pays for making the draws and for the new keys' normalizers.
 */
import type { DenseArray } from "../../src/array.js";
import { unitRows } from "../../src/cluster/index.js";
import { concat, differentiate, input, scatterND } from "../../src/graph/index.js";
import { hcscLoss, instanceNormalizer } from "../../src/hcsc/index.js";
import { drawsOfWords, drawTables } from "../../src/programs/draws.js";
import { hierarchyInputs } from "../../src/programs/hierarchyInputs.js";
import { compile, feeds, prepareProgram, results, state, stepSettings } from "../../src/programs/index.js";
import { Ports } from "../../src/programs/ports.js";
import { openEngine } from "../../src/runtime/index.js";
import { SelectionDraws } from "../../src/train/draws.js";
import { flags } from "./flags.js";
import { gaussian, median, milliseconds, type Row, ratio, timings } from "./measure.js";
import { peer } from "./peer.js";
import { randomHierarchy, recipeOf, stepCases } from "./steps.js";

const clusters = [3000, 2000, 1000];
const batch = 64;

function settingsOf(queue: number) {
  const fields = [`batchSize=${batch}`, `method.queue=${queue}`, `method.clusters=[${clusters}]`];
  return stepSettings(recipeOf(stepCases["resnet20, batch 64, 32 px"], ...fields));
}

/** The part of a step's graph between the embeddings and their gradient, with what it leaves in the state. */
function lossProgram(s: ReturnType<typeof settingsOf>) {
  const ports = new Ports();
  const [q, keys] = ["q", "k"].map((name) => input(name, [batch, s.encoder.dimension]));
  const levels = hierarchyInputs(s);
  const queue = input(state.queue, [s.queue, s.encoder.dimension]);
  const queueNormalizer = input(state.queueNormalizer, [s.queue, levels.length]);
  const draws = {
    instance: drawsOfWords(drawTables.instance(s)),
    prototype: [s.clusters.slice(0, -1).map((_, l) => drawsOfWords(drawTables.prototype(s, 0, l)))],
  };
  const { total } = hcscLoss(s.loss, { views: [q], keys, queue, queueNormalizer, levels, draws });
  ports.values[results.loss] = total;
  ports.values.gradient = differentiate(total, [q])[0];
  const slots = input(feeds.slots, [batch, 1], "int64");
  const fresh = concat(
    levels.map((level) => instanceNormalizer(s.loss, keys, level)),
    1,
  );
  ports.state(state.queue, scatterND(queue, slots, keys));
  ports.state(state.queueNormalizer, scatterND(queueNormalizer, slots, fresh));
  return compile(ports.graph("loss"), { kind: "portable" });
}

async function measure(name: string, queue: number): Promise<Row> {
  const s = settingsOf(queue);
  const engine = await openEngine();
  const rows = (count: number): DenseArray => unitRows(gaussian([count, s.encoder.dimension]));
  await engine.write({ ...randomHierarchy(s), [state.queue]: rows(queue) });
  const prepare = prepareProgram(s, { kind: "portable" });
  await engine.load(prepare.name, prepare.model, { state: prepare.state });
  await engine.run(prepare.name, {}, []);
  const program = lossProgram(s);
  await engine.load(program.name, program.model, { state: program.state });
  const draws = new SelectionDraws(s, 0, program);
  const slots = { shape: [batch, 1], data: BigInt64Array.from({ length: batch }, (_, i) => BigInt(i)) };
  const given = { q: rows(batch), k: rows(batch), [feeds.slots]: slots };
  let step = 0;
  const run = () => {
    const running = engine.run(program.name, { ...given, ...draws.of(step++) }, [results.loss, "gradient"]);
    draws.of(step); // while it runs, as a trainer does
    return running;
  };
  await timings(3, run);
  const [ours, theirs]: [number[], number[]] = [[], []];
  for (let round = 0; round < Number(flags.rounds); round++) {
    ours.push(median(await timings(Number(flags.steps), run)));
    const other = await peer("bench_loss.py", { queue, clusters: clusters.join(), batch, steps: flags.steps });
    if (other) theirs.push(other.lines[0].medianMs / 1000);
  }
  const drawing = median(await timings(Number(flags.steps), async () => draws.of(step++)));
  await engine.close();
  const row = { name, ms: milliseconds(median(ours)), drawingMs: milliseconds(drawing) };
  if (theirs.length === 0) return row;
  return { ...row, peerMs: milliseconds(median(theirs)), ratio: ratio(median(ours), median(theirs)) };
}

export const lossRows = [4096, 16_384, 65_536].map((queue) => ({
  name: `loss and selection: batch ${batch}, queue ${queue}, ${clusters.join("/")}`,
  measure: (own: string) => measure(own, queue),
}));
