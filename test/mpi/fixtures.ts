/**
 * Run by each process of a world: steps of the `train-*` fixtures' nets, and of a narrow ResNet-18, shared by all, beside the same steps
 * of one process whose BatchNorm sees as many parts of a batch apart. Arguments: how many steps (a fixture's inputs come round again),
 * the provider, and the one net to take.
 * Each begins with the state of the one process's. Process 0 writes by how much numbers differ at most after each step, by kind, as a
 * line of JSON.
 */
import type { DenseArray } from "../../src/array.js";
import { joinWorld } from "../../src/mpi/index.js";
import { resnet } from "../../src/nn/index.js";
import {
  compile,
  encoderSpecs,
  feeds,
  fusedStep,
  initialEncoder,
  levelsOf,
  memoryOf,
  type Phase,
  type Program,
  prepareProgram,
  results,
  type StateMemory,
  type StepSettings,
  state,
} from "../../src/programs/index.js";
import { Case } from "../../src/replay/case.js";
import { caseFeeds, caseStart, caseStep, encoderStart } from "../../src/replay/train.js";
import { chooseTarget, openEngine } from "../../src/runtime/index.js";
import { readTensors } from "../../src/tensorfile/index.js";
import { keyShuffle } from "../../src/train/draws.js";
import { SharedStep } from "../../src/train/sharedStep.js";
import { share, shareArrays } from "../../src/world/index.js";
import { inputsOf } from "../replay/fixture.js";

type Arrays = Record<string, DenseArray>;

const world = await joinWorld(process.env);
const [steps, provider = "cpu", only = ""] = process.argv.slice(2);
const engine = await openEngine({ threads: 1, provider });
const target = await chooseTarget(engine);
const stepCount = Number(steps);

/** Every size-th row, or all of an array that is none of rows of the batch. */
function ownRows(array: DenseArray, batch: number): DenseArray {
  const [rows] = array.shape;
  if (rows !== batch) return array;
  const width = array.data.length / rows;
  const data = array.data.filter((_: unknown, i: number) => Math.floor(i / width) % world.size === world.rank);
  return { shape: [rows / world.size, ...array.shape.slice(1)], data };
}

function inOrder({ shape, data }: DenseArray, order: Int32Array): DenseArray {
  const width = data.length / shape[0];
  const rows = (data as Float32Array).slice();
  for (const [place, image] of order.entries())
    rows.set((data as Float32Array).subarray(image * width, (image + 1) * width), place * width);
  return { shape, data: rows };
}

/** The steps of a case: those of its warm-up, then the others, over and over. */
function inputOf(c: Case, t: number): number {
  const [warmup, all] = [c.number("warmupSteps"), c.number("steps")];
  return t < warmup ? t : warmup + ((t - warmup) % (all - warmup));
}

/** After a step. */
interface Stepped {
  readonly loss: number;
  readonly tensors: Arrays;
}

const among = (inputs: readonly { readonly name: string }[], arrays: Arrays): Arrays =>
  Object.fromEntries(inputs.flatMap(({ name }) => (name in arrays ? [[name, arrays[name]]] : [])));

/** A step by its programs, however many processes take it. */
interface Way {
  readonly programs: readonly Program[];
  /** @returns the loss */
  run(fed: Arrays, shuffle: ReturnType<typeof keyShuffle>): Promise<DenseArray>;
}

function alone(s: StepSettings, phase: Phase): Way {
  const program = compile(fusedStep(s, phase, levelsOf(target)), target);
  return {
    programs: [program],
    run: async (fed, { order, places }) => {
      const keyImages = inOrder(fed[feeds.keyImages], order);
      const unshuffle = { shape: [s.batchSize], data: places };
      const all = { ...fed, [feeds.keyImages]: keyImages, [feeds.unshuffle]: unshuffle };
      return (await engine.run(program.name, among(program.inputs, all), [results.loss]))[results.loss];
    },
  };
}

function shared(s: StepSettings, phase: Phase, memory: StateMemory): Way {
  const step = new SharedStep(engine, s, phase, target, memory, world);
  const { gradient, apply } = step.parts;
  return {
    programs: step.programs,
    run: async (fed, shuffle) => {
      const taken = s.clusters.map((count, l): [string, DenseArray] => {
        const data = new Float32Array(count);
        for (const id of fed[feeds.assignment(l)]?.data ?? []) data[Number(id)] = 1;
        return [feeds.taken(l), { shape: [1, count], data }];
      });
      const own = Object.fromEntries(Object.entries(fed).map(([name, array]) => [name, ownRows(array, s.batchSize)]));
      const out = await step.batch({
        fed: among(gradient.inputs, { ...own, ...Object.fromEntries(taken) }),
        keyImages: own[feeds.keyImages],
        shuffle,
        keyRates: { [feeds.keyMomentum]: fed[feeds.keyMomentum] },
        slots: fed[feeds.slots],
      });
      await step.update(among(apply.inputs, fed));
      return out[results.loss];
    },
  };
}

/**
 * The steps of a case.
 *
 * @param before - the state of each step's start; where null, each goes on from the one before it
 */
async function course(
  c: Case,
  s: StepSettings,
  start: Arrays,
  before: readonly Arrays[] | null,
): Promise<readonly Stepped[]> {
  const memory = memoryOf(target, start);
  const write = async (tensors: Arrays) => {
    for (const packed of memory.pack([tensors])) await engine.write(packed);
  };
  await write(start);
  const stepped: Stepped[] = [];
  let way: Way | null = null;
  const unload = async () => {
    for (const program of way?.programs ?? []) await engine.unload(program.name);
  };
  for (let t = 0; t < stepCount; t++) {
    const phase = t < c.number("warmupSteps") ? "warmup" : "selective";
    if (t === 0 || t === c.number("warmupSteps")) {
      await unload();
      if (phase === "selective") await prepare(s);
      way = before ? shared(s, phase, memory) : alone(s, phase);
      for (const program of way.programs) await engine.load(program.name, program.model, program);
    }
    if (before) await write(before[t]);
    const loss = await (way as Way).run(caseFeeds(c, s, inputOf(c, t)), keyShuffle(s.batchSize, 5, t));
    stepped.push({ loss: Number(loss.data[0]), tensors: memory.unpack(await engine.read()) });
  }
  await unload();
  await engine.drop();
  return stepped;
}

async function prepare(s: StepSettings): Promise<void> {
  const { name, model, state } = prepareProgram(s, target);
  await engine.load(name, model, { state });
  await engine.run(name, {}, []);
  await engine.unload(name);
}

/** Process 0's. */
function shareCourse(own: readonly Stepped[]): readonly Stepped[] {
  const losses = share(
    world,
    own.map(({ loss }) => loss),
  );
  return losses.map((loss, t) => ({ loss, tensors: shareArrays(world, own[t]?.tensors ?? {}) }));
}

const zerosLike = ({ shape, data }: DenseArray): DenseArray => ({ shape, data: new Float32Array(data.length) });

const worst = (a: ArrayLike<number | bigint>, b: ArrayLike<number | bigint>): number => {
  let most = a.length === b.length ? 0 : Number.POSITIVE_INFINITY;
  for (let i = 0; i < a.length; i++) {
    const off = Math.abs(Number(a[i]) - Number(b[i]));
    most = Math.max(most, Number.isNaN(off) ? Number.POSITIVE_INFINITY : off);
  }
  return most;
};

/** The largest difference of each step, among the tensors whose names begin so. */
const byStep = (steps: readonly Stepped[], expected: readonly Stepped[], kind: string): readonly number[] =>
  steps.map(({ tensors }, t) =>
    Object.keys(expected[t].tensors)
      .filter((name) => name.split("/")[0] === kind)
      .reduce((most, name) => Math.max(most, worst(tensors[name].data, expected[t].tensors[name].data)), 0),
  );

const kinds = ["query", "key", "queue", "queueNormalizer", "optimizer"];
const found: Record<string, unknown>[] = [];
for (const [fixture, isNarrow] of [
  ["train-paper-cifar-stem", false],
  ["train-reference-imagenet-stem", false],
  ["train-reference-multi-crop", false],
  ["train-reference-cifar-stem", true],
] as const) {
  if (!fixture.includes(only) || (only && isNarrow)) continue;
  const file = await readTensors(`test/fixtures/${fixture}.safetensors`);
  const c = new Case(JSON.parse(file.metadata.config), inputsOf(file), engine, target);
  const own = caseStep(c);
  const narrow = resnet({ block: "basic", widths: [8, 12, 16, 24], blocks: [2, 2, 2, 2], stem: "small" });
  const s: StepSettings = {
    ...own,
    encoder: isNarrow ? { ...own.encoder, backbone: narrow } : own.encoder,
    querySubBatches: world.size,
    keySubBatches: world.size,
  };
  const names = encoderSpecs(s.encoder).map(({ name }) => name);
  const drawn = isNarrow ? initialEncoder(s.encoder, 3) : null;
  const start = { ...encoderStart(names, (name) => drawn?.[name] ?? c.tensor(`init.${name}`)), ...caseStart(c) };
  const zeros = encoderSpecs(s.encoder)
    .filter((spec) => spec.trainable)
    .map(({ name }) => [state.gradient(name), zerosLike(start[state.query(name)])]);
  const gradients: Arrays = Object.fromEntries(zeros);
  const one = shareCourse(world.rank === 0 ? await course(c, s, start, null) : []);
  // Each step begins as that of the one process: else what a ReLU makes of one rounding goes on through all that follow.
  const before = [start, ...one.slice(0, -1).map(({ tensors }) => tensors)];
  const many = await course(c, s, { ...start, ...gradients }, before);
  found.push({
    net: isNarrow ? "narrow ResNet-18" : fixture,
    losses: many.map(({ loss }, t) => Math.abs(loss - one[t].loss)),
    ...Object.fromEntries(kinds.map((kind) => [kind, byStep(many, one, kind)])),
  });
}
await engine.close();
if (world.rank === 0) process.stdout.write(`${JSON.stringify(found)}\n`);
world.finalize();
process.exit(0);
