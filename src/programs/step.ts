/**
 * The training step as one graph: query and key encoders, momentum update, loss, gradients, optimizer, queue. Everything that
 * changes between steps is an input; what stays with the engine has an output `next/…` for each input.
 */
import {
  add,
  constant,
  differentiate,
  div,
  expand,
  type Graph,
  gather,
  identity,
  input,
  mean,
  mul,
  scatterND,
  scope,
  sqrt,
  stopGradient,
  sub,
  sum,
  type Value,
  where,
} from "../graph/index.js";
import { warmupLoss } from "../hcsc/index.js";
import { Parameters, training } from "../nn/index.js";
import { applyUpdates, globalNorm, type Parameter, type Rates } from "../optim/index.js";
import { encode } from "./encoder.js";
import { adjusted, areFinite } from "./lossScale.js";
import { feeds, results, state } from "./names.js";
import { imageInput } from "./pixels.js";
import { Ports } from "./ports.js";
import { selectiveLoss, stackOf } from "./selectiveLoss.js";
import type { Levels, Phase, StepSettings } from "./stepSettings.js";

/**
 * The fused step: gradients and update in one graph.
 *
 * @param levels - how the loss is built
 * @param showGradients - whether each gradient is an output as well, `results.gradient`
 * @returns a graph whose inputs and outputs are named as in `names.ts`, composites not yet expanded
 */
export function fusedStep(s: StepSettings, phase: Phase, levels: Levels = "apart", showGradients = false): Graph {
  const ports = new Ports();
  const { query, gradients } = forwardBackward(s, phase, levels, ports);
  if (showGradients) for (const [i, p] of query.entries()) ports.values[results.gradient(p.name)] = gradients[i];
  update(s, query, gradients, ports);
  monitor(gradients, ports);
  return ports.graph("step");
}

/**
 * The step without its update: gradients are added up in the state, divided by the number of batches in an update.
 *
 * @param keysOf - where the keys come from
 */
export function gradientStep(
  s: StepSettings,
  phase: Phase,
  levels: Levels = "apart",
  keysOf: KeysOf = keyEmbedding,
): Graph {
  const ports = new Ports();
  const { query, gradients } = forwardBackward(s, phase, levels, ports, keysOf);
  for (const [i, p] of query.entries()) {
    const before = input(state.gradient(p.name), p.value.shape);
    ports.state(
      state.gradient(p.name),
      add(before, s.accumulation === 1 ? gradients[i] : mul(gradients[i], 1 / s.accumulation)),
    );
  }
  monitor(gradients, ports);
  return ports.graph("gradient");
}

/**
 * The gradients' norm, as the last output: ONNX Runtime runs what the last one needs first. So all of the backward pass comes
 * before the optimizer, whose results take the room that activations leave, and no gradient waits for a norm. On the CPU
 * `updatesLast` makes sure of it.
 */
function monitor(gradients: readonly Value[], ports: Ports): void {
  scope("monitor", () => {
    ports.values[results.gradientNorm] = globalNorm(gradients);
  });
}

/** The update from the gradients in the state, which it sets to zero. @param monitored - whether it tells their norm */
export function applyStep(s: StepSettings, monitored = false): Graph {
  const ports = new Ports();
  const parameters = new Parameters(state.query(""));
  encode(
    s.encoder,
    parameters,
    training(),
    input("pixels", [s.batchSize, s.encoder.channels, s.encoder.imageSize, s.encoder.imageSize]),
  );
  const query = trainable(parameters);
  const gradients = query.map((p) => input(state.gradient(p.name), p.value.shape));
  update(s, query, gradients, ports);
  for (const p of query) ports.state(state.gradient(p.name), zeros(p.value));
  if (monitored) monitor(gradients, ports);
  return ports.graph("apply");
}

/** The keys of a batch [B, D], in its order. @param query - the query encoder, before the step */
export type KeysOf = (s: StepSettings, query: Parameters, ports: Ports) => Value;

/** Zeros of a parameter's shape, whatever it holds. */
const zeros = (parameter: Value): Value => expand(constant([0], []), parameter.shape as number[]);

const trainable = (parameters: Parameters): Parameter[] =>
  parameters.entries(true).map(([name, value]) => ({ name, value, rank: value.shape.length }));

function forwardBackward(
  s: StepSettings,
  phase: Phase,
  levels: Levels,
  ports: Ports,
  keysOf: KeysOf = keyEmbedding,
): { query: readonly Parameter[]; gradients: readonly Value[] } {
  const queryTensors = new Parameters(state.query(""));
  const forward = (name: string, x: Value) =>
    scope(name, () => encode(s.encoder, queryTensors, training(s.querySubBatches), x).embedding);
  const q = forward("query", images(s, feeds.queryImages));
  const query = trainable(queryTensors);
  const k = keysOf(s, queryTensors, ports);
  const locals = s.localSizes.map((size, v) => forward(`local${v}`, images(s, feeds.localImages(v), size)));
  for (const [name, value] of queryTensors.entries(false)) ports.state(state.query(name), value);

  const queue = input(state.queue, [s.queue, s.encoder.dimension]);
  const views = [q, ...locals];
  const total = scope("loss", () =>
    phase === "warmup" ? warmup(s, views, k, queue, ports) : selective(s, levels, views, k, queue, ports),
  );
  const gradients = scaledGradients(s, total, query, ports);
  scope("queue", () => ports.state(state.queue, scatterND(queue, slots(s, ports), k)));
  scope("monitor", () => {
    const center = mean(stopGradient(q), [0]);
    ports.values[results.meanEmbeddingNorm] = sqrt(sum(mul(center, center)));
  });
  ports.values[results.queryEmbedding] = q;
  ports.values[results.keyEmbedding] = k;
  return { query, gradients };
}

const images = (s: StepSettings, name: string, size = s.encoder.imageSize): Value =>
  imageInput(name, [s.batchSize, s.encoder.channels, size, size], s.pixels);

/** ∂total/∂query, through the loss scale where there is one. */
function scaledGradients(s: StepSettings, total: Value, query: readonly Parameter[], ports: Ports): readonly Value[] {
  const parameters = query.map((p) => p.value);
  const { recompute } = s;
  if (s.precision !== "fp16") return differentiate(total, parameters, { recompute });
  const scale = ports.input(state.lossScale, []);
  ports.values[results.scale] = identity(scale);
  return differentiate(mul(total, scale), parameters, { recompute }).map((g) => div(g, scale));
}

/** The embeddings of the key views, in the batch's order. */
function keyEmbedding(s: StepSettings, query: Parameters, ports: Ports): Value {
  const k = shuffledKeys(s, query, ports);
  const ordered = s.keySubBatches === 1 ? k : gather(k, input(feeds.unshuffle, [s.batchSize], "int64"));
  return stopGradient(ordered);
}

/** The key encoder's turn: θ_k ← m θ_k + (1 − m) θ_q, then the embeddings of the key views as they are fed. */
export function shuffledKeys(s: StepSettings, query: Parameters, ports: Ports): Value {
  const m = input(feeds.keyMomentum, []);
  const tensors = new Parameters(state.key(""), (spec, name) => {
    const before = input(name, spec.shape);
    return spec.trainable
      ? scope("momentumUpdate", () => add(mul(before, m), mul(query.get(spec), sub(1, m))))
      : before;
  });
  const x = images(s, feeds.keyImages);
  const k = scope("key", () => encode(s.encoder, tensors, training(s.keySubBatches), x).embedding);
  for (const [name, value] of tensors.entries()) ports.state(state.key(name), value);
  return k;
}

function warmup(s: StepSettings, views: readonly Value[], keys: Value, queue: Value, ports: Ports): Value {
  const { total, terms } = warmupLoss(s.loss, { views, keys, queue });
  ports.values[results.loss] = total;
  ports.values[results.terms] = stackOf(terms);
  return total;
}

function selective(
  s: StepSettings,
  form: Levels,
  views: readonly Value[],
  keys: Value,
  queue: Value,
  ports: Ports,
): Value {
  const loss = selectiveLoss(s, form, { views, keys, queue }, slots(s, ports));
  ports.values[results.loss] = loss.total;
  ports.values[results.terms] = loss.terms;
  if (loss.instanceKept) ports.values[results.instanceKept] = loss.instanceKept;
  if (loss.queueNormalizer) ports.state(state.queueNormalizer, loss.queueNormalizer);
  ports.values[results.prototypeKept] = loss.prototypeKept;
  return loss.total;
}

export const slots = (s: Pick<StepSettings, "batchSize">, ports: Ports): Value =>
  ports.input(feeds.slots, [s.batchSize, 1], "int64");

function update(s: StepSettings, query: readonly Parameter[], gradients: readonly Value[], ports: Ports): void {
  const rates: Rates = {
    learningRate: input(feeds.learningRate, []),
    momentum: input(feeds.momentum, []),
    step: input(feeds.step, []),
  };
  const finite = s.precision === "fp16" ? areFinite(gradients) : null;
  const orBefore = (value: Value, before: Value): Value => (finite ? where(finite, value, before) : value);
  const updated = scope("optimizer", () =>
    applyUpdates(s.optimizer, rates, query, gradients, (p) => {
      const slotOf = (slot: string) => ports.input(state.optimizer(slot, p.name), p.value.shape as number[]);
      return {
        read: slotOf,
        write: (slot, value) => ports.state(state.optimizer(slot, p.name), orBefore(value, slotOf(slot))),
      };
    }),
  );
  for (const [i, p] of query.entries()) ports.state(state.query(p.name), orBefore(updated[i], p.value));
  if (!finite) return;
  const next = adjusted(ports.input(state.lossScale, []), ports.input(state.goodUpdates, []), finite);
  ports.state(state.lossScale, next.scale);
  ports.state(state.goodUpdates, next.good);
}
