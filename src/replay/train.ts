/** `train-*`: six training steps by the programs that training runs. */

import type { DenseArray } from "../array.js";
import { resnet } from "../nn/index.js";
import {
  compile,
  encoderSpecs,
  feeds,
  fusedStep,
  levelsOf,
  memoryOf,
  type Program,
  prepareProgram,
  results,
  type StateMemory,
  type StepSettings,
  state,
} from "../programs/index.js";
import { rulesOf } from "../variants.js";
import { type Case, floats, longs, scalarOf, type Tensors } from "./case.js";
import { hierarchyState, lossSettings, stackDraws } from "./loss.js";

/** The step of a case. */
export function caseStep(c: Case): StepSettings {
  return {
    encoder: {
      backbone: resnet({
        block: "basic",
        widths: c.list("widths"),
        blocks: c.list("blocks"),
        stem: c.text("stem") === "imagenet" ? "imagenet" : "small",
      }),
      channels: 3,
      imageSize: c.number("imageSize"),
      dimension: c.number("dim"),
    },
    loss: lossSettings(c),
    optimizer: {
      kind: "sgd",
      weightDecay: c.number("weightDecay"),
      nesterov: c.flag("nesterov", false),
      excludeVectors: false,
      clipNorm: null,
    },
    batchSize: c.number("batch"),
    localSizes: c.list("localSizes"),
    pixels: null, // cases hold normalised images, and every draw
    draws: "numbers",
    queue: c.number("queue"),
    clusters: c.list("prototypes"),
    querySubBatches: 1,
    keySubBatches: 1,
    precision: "fp32",
    recompute: false,
    accumulation: 1,
  };
}

/** The outputs of a `train` case. */
export async function replayTrain(c: Case): Promise<Tensors> {
  const step = caseStep(c);
  const names = encoderSpecs(step.encoder).map((s) => s.name);
  const trainable = names.filter(isTrained);
  const start = { ...encoderStart(names, (name) => c.tensor(`init.${name}`)), ...caseStart(c) };
  const { target } = c;
  const memory = memoryOf(target, start);
  for (const part of memory.pack([start])) await c.engine.write(part);
  const levels = levelsOf(target);
  const out: Tensors = {};
  const losses: number[] = [];
  const warmupSteps = c.number("warmupSteps");
  let program = await load(c, compile(fusedStep(step, "warmup", levels, true), target));
  for (let t = 0; t < c.number("steps"); t++) {
    if (t === warmupSteps) {
      await c.engine.unload(program.name);
      await prepare(c, step);
      program = await load(c, compile(fusedStep(step, "selective", levels, true), target));
    }
    const r = await c.engine.run(program.name, fed(program, caseFeeds(c, step, t)), [
      results.loss,
      results.terms,
      results.queryEmbedding,
      results.keyEmbedding,
      ...trainable.map(results.gradient),
    ]);
    losses.push(Number(r[results.loss].data[0]));
    out[`out.step${t}.terms`] = r[results.terms];
    out[`out.step${t}.q`] = r[results.queryEmbedding];
    out[`out.step${t}.k`] = r[results.keyEmbedding];
    for (const name of trainable) out[`out.step${t}.grad.${name}`] = r[results.gradient(name)];
  }
  await c.engine.unload(program.name);
  out["out.losses"] = floats(losses);
  Object.assign(out, await finalState(c, step, names, memory));
  return out;
}

const isTrained = (name: string): boolean => !name.includes("running");

/** Queue and hierarchy that a case starts with. */
export const caseStart = (c: Case): Tensors => ({ [state.queue]: c.tensor("queue"), ...hierarchyState(c) });

/** Both encoders as they start, with momenta at zero. */
export function encoderStart(names: readonly string[], initial: (name: string) => DenseArray): Tensors {
  const start: Tensors = {};
  for (const name of names) {
    const value = initial(name);
    start[state.query(name)] = value;
    start[state.key(name)] = value;
    if (isTrained(name)) {
      const { shape, data } = value;
      start[state.optimizer("momentum", name)] = floats(new Float32Array(data.length), shape);
    }
  }
  return start;
}

const fed = (program: Program, given: Tensors): Tensors =>
  Object.fromEntries(program.inputs.filter((v) => v.name in given).map((v) => [v.name, given[v.name]]));

async function load(c: Case, program: Program): Promise<Program> {
  await c.engine.load(program.name, program.model, program);
  return program;
}

/** After a clustering: the selection normalizers. */
async function prepare(c: Case, step: StepSettings): Promise<void> {
  const program = await load(c, prepareProgram(step, c.target));
  await c.engine.run(program.name, {}, []);
  await c.engine.unload(program.name);
}

/** What a case feeds its step `t`. */
export function caseFeeds(c: Case, step: StepSettings, t: number): Tensors {
  const at = (name: string) => c.tensor(`step${t}.${name}`);
  const slot = (c.number("queuePointer", 0) + t * step.batchSize) % step.queue;
  const given: Tensors = {
    [feeds.queryImages]: at("imageQ"),
    [feeds.keyImages]: at("imageK"),
    [feeds.slots]: longs(
      Array.from({ length: step.batchSize }, (_, i) => (slot + i) % step.queue),
      [step.batchSize, 1],
    ),
    [feeds.learningRate]: scalarOf(c.number("learningRate")),
    [feeds.momentum]: scalarOf(c.number("momentum")),
    [feeds.keyMomentum]: scalarOf(c.number("keyMomentum")),
    [feeds.step]: scalarOf(t + 1),
  };
  for (const v of step.localSizes.keys()) given[feeds.localImages(v)] = at(`imageLocal${v}`);
  if (t < c.number("warmupSteps")) return given;
  if (step.loss.instanceSelection)
    given[feeds.instanceDraws] = stackDraws(step.clusters.map((_, l) => at(`uInstance_${l}`)));
  for (const l of step.loss.prototypeSelection ? step.clusters.slice(0, -1).keys() : []) {
    given[feeds.prototypeDraws(0, l)] = at(`uPrototype_${l}`);
    for (const v of step.localSizes.keys()) given[feeds.prototypeDraws(v + 1, l)] = at(`uPrototypeLocal${v}_${l}`);
  }
  if (rulesOf(step.loss.variant).positive === "assigned") {
    const index = c.ids(`step${t}.index`);
    for (const l of step.clusters.keys()) {
      const owner = c.ids(`im2cluster_${l}`);
      given[feeds.assignment(l)] = longs(Array.from(index, (i) => owner[i]));
      given[feeds.maxAssignment(l)] = floats(c.ids(`maxAssignment_${l}`), []);
    }
  }
  return given;
}

async function finalState(
  c: Case,
  step: StepSettings,
  names: readonly string[],
  memory: StateMemory,
): Promise<Tensors> {
  const tensors = [state.queue, ...names.flatMap((n) => [state.query(n), state.key(n)])];
  const stored = memory.unpack(await c.engine.read(memory.holders(tensors)));
  const out: Tensors = { "out.queue": stored[state.queue] };
  const forwards = { q: c.number("steps") * (1 + step.localSizes.length), k: c.number("steps") };
  const sides: readonly ["q" | "k", (n: string) => string][] = [
    ["q", state.query],
    ["k", state.key],
  ];
  for (const [side, nameOf] of sides) {
    for (const name of names) {
      out[`out.${side}.${name}`] = stored[nameOf(name)];
      if (name.endsWith("running_var"))
        out[`out.${side}.${name.replace("running_var", "num_batches_tracked")}`] = longs([forwards[side]], []);
    }
  }
  return out;
}
