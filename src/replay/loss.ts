/** `loss-*`: loss and gradient of given embeddings, by the graph that training differentiates. */
import type { DenseArray } from "../array.js";
import {
  concat,
  differentiate,
  type Graph,
  input,
  inputsOf,
  mean,
  reshape,
  scope,
  type Value,
} from "../graph/index.js";
import { hcscLoss, instanceNormalizer, type Level, type LossSettings, prototypeNormalizer } from "../hcsc/index.js";
import { compile, feeds, hierarchyInputs, state } from "../programs/index.js";
import { rulesOf, type Variant } from "../variants.js";
import { type Case, floats, scalarOf, type Tensors } from "./case.js";

/** The loss settings of a case. */
export const lossSettings = (c: Case): LossSettings => ({
  variant: c.text("variant") as Variant,
  temperature: c.number("temperature"),
  instanceSelection: c.flag("instanceSelection"),
  prototypeSelection: c.flag("prototypeSelection"),
  selectionOnLocal: c.flag("selectionOnLocal"),
});

/** The hierarchy of a case as the state that graphs take. */
export function hierarchyState(c: Case): Tensors {
  const levels = c.list("prototypes");
  const tensors: Tensors = {};
  for (const [l, m] of levels.entries()) {
    tensors[state.prototypes(l)] = c.tensor(`prototypes_${l}`);
    tensors[state.temperature(l)] = c.tensor(`temperature_${l}`);
    tensors[state.count(l)] = scalarOf(m);
    if (l < levels.length - 1 && c.flag("prototypeSelection"))
      tensors[state.parent(l)] = { shape: [m], data: c.ids(`parent_${l}`) };
  }
  return tensors;
}

/** Draws [B, Q] of each level as one [B, L, Q]. */
export function stackDraws(parts: readonly DenseArray[]): DenseArray {
  const [batch, length] = parts[0].shape;
  const data = new Float32Array(batch * parts.length * length);
  for (const [l, part] of parts.entries()) {
    for (let b = 0; b < batch; b++) {
      data.set((part.data as Float32Array).subarray(b * length, (b + 1) * length), (b * parts.length + l) * length);
    }
  }
  return { shape: [batch, parts.length, length], data };
}

/** The outputs of a `loss` case. */
export async function replayLoss(c: Case): Promise<Tensors> {
  const settings = lossSettings(c);
  const graph = lossGraph(c, settings);
  const program = compile(graph, { kind: "portable" });
  await c.engine.load(program.name, program.model);
  const sizes = c.list("prototypes");
  const given: Tensors = { ...hierarchyState(c), q: c.tensor("q"), k: c.tensor("k"), [state.queue]: c.tensor("queue") };
  if (settings.instanceSelection)
    given[feeds.instanceDraws] = stackDraws(sizes.map((_, l) => c.tensor(`uInstance_${l}`)));
  for (const l of sizes.keys()) {
    if (l < sizes.length - 1 && settings.prototypeSelection)
      given[feeds.prototypeDraws(0, l)] = c.tensor(`uPrototype_${l}`);
    if (rulesOf(settings.variant).positive === "assigned") {
      given[feeds.assignment(l)] = c.tensor(`assignment_${l}`);
      given[feeds.maxAssignment(l)] = floats(c.ids(`maxAssignment_${l}`), []);
    }
  }
  const wanted = Object.fromEntries(program.inputs.map((v) => [v.name, given[v.name]]));
  const results = await c.engine.run(program.name, wanted, Object.keys(graph.outputs));
  await c.engine.unload(program.name);
  return documented(c, settings, results);
}

function lossGraph(c: Case, settings: LossSettings): Graph {
  const [batch, dimension, length, sizes] = [
    c.number("batch"),
    c.number("dim"),
    c.number("queue"),
    c.list("prototypes"),
  ];
  const isAssigned = rulesOf(settings.variant).positive === "assigned";
  const given = hierarchyInputs({ clusters: sizes, encoder: { dimension }, batchSize: batch, loss: settings });
  const levels: Level[] = given.map((level, l) => ({
    ...level,
    normalizer: level.normalizer && reshape(prototypeNormalizer(settings, level, given[l + 1]), [sizes[l]]),
  }));
  const [q, keys, queue] = [
    input("q", [batch, dimension]),
    input("k", [batch, dimension]),
    input(state.queue, [length, dimension]),
  ];
  const queueNormalizer = concat(
    levels.map((level) => instanceNormalizer(settings, queue, level)),
    1,
  );
  const draws = {
    instance: input(feeds.instanceDraws, [batch, sizes.length, length]),
    prototype: [sizes.slice(0, -1).map((m, l) => input(feeds.prototypeDraws(0, l), [batch, m]))],
  };
  const loss = scope("loss", () => hcscLoss(settings, { views: [q], keys, queue, queueNormalizer, levels, draws }));
  const outputs: Record<string, Value> = { loss: loss.total, gradQ: differentiate(loss.total, [q])[0] };
  for (const [i, term] of loss.terms.entries()) outputs[`term_${i}`] = term;
  if (loss.instanceMask) {
    outputs.instanceMask = loss.instanceMask;
    outputs.instanceKeep = mean(loss.instanceMask, [0, 2]);
  }
  for (const l of sizes.keys()) {
    outputs[`prototypeMask_${l}`] = loss.prototypeMasks[l];
    outputs[`prototypeKeep_${l}`] = loss.prototypeKeepFractions[l];
    if (!isAssigned) outputs[`positive_${l}`] = loss.positives[l];
  }
  return { name: "loss", inputs: inputsOf(Object.values(outputs)), outputs };
}

/** The results under the names that the fixtures document. */
function documented(c: Case, settings: LossSettings, r: Readonly<Record<string, DenseArray>>): Tensors {
  const sizes = c.list("prototypes");
  const [batch, length] = [c.number("batch"), c.number("queue")];
  const rules = rulesOf(settings.variant);
  const instanceTerms = settings.instanceSelection ? sizes.length : 1;
  const out: Tensors = { "out.loss": r.loss, "out.gradQ": r.gradQ };
  const term = (i: number) => r[`term_${i}`];
  for (let l = 0; l < instanceTerms; l++) out[`out.instanceLoss_${l}`] = term(l);
  for (const l of sizes.keys()) {
    out[`out.prototypeLoss_${l}`] = term(instanceTerms + l);
    if (settings.instanceSelection) {
      out[`out.instanceMask_${l}`] = bytes(levelOf(r.instanceMask, l, sizes.length, batch, length), [batch, length]);
      out[`out.instanceKeepFraction_${l}`] = scalarOf(Number(r.instanceKeep.data[l]));
    }
    if (l < sizes.length - 1 && settings.prototypeSelection)
      out[`out.prototypeKeepFraction_${l}`] = r[`prototypeKeep_${l}`];
    if (rules.positive === "nearest") {
      out[`out.positive_${l}`] = r[`positive_${l}`];
      if (l < sizes.length - 1)
        out[`out.prototypeMask_${l}`] = bytes(r[`prototypeMask_${l}`].data as Float32Array, [batch, sizes[l]]);
    }
  }
  if (rules.instanceTerms === "averaged") {
    const average = (from: number) => sizes.reduce((s, _, l) => s + Number(term(from + l).data[0]), 0) / sizes.length;
    out["out.icsc"] = scalarOf(average(0));
    out["out.pcsc"] = scalarOf(average(instanceTerms));
  }
  return out;
}

function levelOf(stacked: DenseArray, level: number, levels: number, batch: number, length: number): Float32Array {
  const data = new Float32Array(batch * length);
  for (let b = 0; b < batch; b++)
    data.set(
      (stacked.data as Float32Array).subarray((b * levels + level) * length, (b * levels + level + 1) * length),
      b * length,
    );
  return data;
}

const bytes = (values: ArrayLike<number>, shape: readonly number[]): DenseArray => ({
  shape,
  data: Uint8Array.from(values),
});
