/**
 * A recipe's programs: the graphs that training runs, as ONNX models for a target, with the map from state inputs to the
 * outputs that replace them.
 */
import type { CompileTarget } from "../compileTarget.js";
import {
  type DType,
  describeModel,
  expandComposites,
  type Family,
  flattenBroadcasts,
  forTrainingBuild,
  type Graph,
  inputsOf,
  type Shape,
  withOutputs,
} from "../graph/index.js";
import { lowerBlocked } from "../graph/passes/index.js";
import { evaluation, Parameters } from "../nn/index.js";
import { encodeModel, type ModelContent } from "../onnx/index.js";
import { pixelStatistics, type Recipe } from "../recipe/index.js";
import { deviceForm } from "./deviceForm.js";
import { encode, encoderSettings } from "./encoder.js";
import { isPackedState } from "./filterMemory.js";
import { hiddenShapes } from "./hiddenShapes.js";
import { isTrainable, next, state } from "./names.js";
import { overwritable } from "./overwritable.js";
import { imageInput } from "./pixels.js";
import { prepareGraph } from "./prepare.js";
import { type RankPart, rankGraphs } from "./rankStep.js";
import { applyStep, fusedStep, gradientStep } from "./step.js";
import type { Levels, Phase, StepSettings } from "./stepSettings.js";
import { updatesLast } from "./updatesLast.js";
import { type Named, stateTensors } from "./vectors.js";

/** One model and which outputs replace its state. */
export interface Program {
  readonly name: string;
  readonly model: Uint8Array;
  /** State tensor → the output that becomes its next value. */
  readonly state: Readonly<Record<string, string>>;
  /** Of the state: what gradients move. */
  readonly trainable: readonly string[];
  /** Of the state: what a run may write over while it reads it. */
  readonly overwritten: readonly string[];
  /** Outputs that hold several tensors of the next state as one vector, with what they are. */
  readonly vectors: Readonly<Record<string, readonly { readonly name: string; readonly shape: readonly number[] }[]>>;
  /** Whether its ops are those of the target's fused kernels, so that a runtime finds no more to fuse. */
  readonly fused: boolean;
  readonly outputs: readonly string[];
  readonly inputs: readonly { readonly name: string; readonly dtype: DType; readonly shape: Shape }[];
}

/** The settings of a recipe's step. */
export function stepSettings(recipe: Recipe): StepSettings {
  return {
    encoder: encoderSettings(recipe.encoder),
    loss: recipe.method,
    optimizer: recipe.optimizer,
    batchSize: recipe.batchSize,
    localSizes: localSizes(recipe),
    pixels: pixelStatistics(recipe),
    draws: "words",
    queue: recipe.method.queue,
    clusters: recipe.method.clusters,
    querySubBatches: recipe.encoder.querySubBatches,
    keySubBatches: recipe.encoder.keySubBatches,
    precision: recipe.precision,
    recompute: recipe.recompute,
    accumulation: recipe.accumulation,
  };
}

/** Sides of the local views, in order. */
export const localSizes = (recipe: Recipe): readonly number[] =>
  recipe.views.local.flatMap((v) => Array<number>(v.count).fill(v.size));

/**
 * The model of a graph on a target.
 *
 * @param savesMemory - whether the CPU's runtime is kept from planning memory by shapes: a fifth less, for 6 to 14 % more time a step;
 *   whether a device holds nothing of several layers for fewer launches
 * @param held - the state that the engine holds, where the graph reads but a part of it: vectors (`vectors.ts`) are of all
 */
export function compile(
  graph: Graph,
  target: CompileTarget,
  savesMemory = false,
  held: readonly Named[] = graph.inputs,
): Program {
  if (target.kind !== "device") return programOf(described(graph, target, savesMemory), target, []);
  const { formed, replaced } = deviceForm(graph, target, held, savesMemory);
  return programOf(describeModel(formed), target, replaced);
}

type HostTarget = Exclude<CompileTarget, { kind: "device" }>;

/** The graph in standard ops, or those of the CPU's provider, by kind of target. */
const forms: { readonly [K in HostTarget["kind"]]: (graph: Graph, target: HostTarget & { kind: K }) => Graph } = {
  portable: (graph) => withOutputs(updatesLast(graph), (outputs) => flattenBroadcasts(expandComposites(outputs))),
  training: (graph) => withOutputs(graph, (outputs) => flattenBroadcasts(expandComposites(outputs, forTrainingBuild))),
  blocked(graph, { block }) {
    const lowered = lowerBlocked(updatesLast(graph), {
      block,
      isPacked: (name, shape) => isPackedState(name, shape, block),
    });
    return withOutputs(lowered, (outputs) => flattenBroadcasts(expandComposites(outputs)));
  },
};

function described(graph: Graph, target: HostTarget, savesMemory: boolean): ModelContent {
  const content = describeModel((forms[target.kind] as (graph: Graph, target: HostTarget) => Graph)(graph, target));
  return savesMemory && target.kind === "blocked" ? hiddenShapes(content) : content;
}

/** The state tensors that outputs replace. */
const replacedBy = (outputs: readonly string[]): readonly string[] =>
  outputs.filter((name) => name.startsWith(next(""))).map((name) => name.slice(next("").length));

/** The plain state that a graph reads and replaces. */
export const stateOf = (graph: Graph): readonly string[] => replacedBy(Object.keys(graph.outputs));

const stateMap = ({ outputs }: ModelContent): Readonly<Record<string, string>> =>
  Object.fromEntries(replacedBy(outputs.map((v) => v.name)).map((name) => [name, next(name)]));

/** Of transformers, which blocked kernels have no form of: the runtime fuses what is around them. */
const leftToRuntime: ReadonlySet<string> = new Set(["Erf", "LayerNormalization"]);

const programOf = (content: ModelContent, { kind }: CompileTarget, vectors: readonly Family[]): Program => ({
  name: content.name,
  model: encodeModel(content),
  state: stateMap(content),
  trainable: Object.keys(stateMap(content)).filter(isTrainable),
  overwritten: overwritable(content, stateMap(content)),
  vectors: Object.fromEntries(vectors.map(({ name, members }) => [name, members])),
  fused: kind === "blocked" && !content.nodes.some(({ op }) => leftToRuntime.has(op)),
  outputs: content.outputs.map((v) => v.name),
  inputs: content.inputs,
});

/** The form of the loss for a target. */
export const levelsOf = ({ kind }: CompileTarget): Levels => (kind === "device" ? "stacked" : "apart");

/** The step of a phase as the programs that make it: one fused, or gradient and apply when gradients accumulate. */
export function stepPrograms(s: StepSettings, phase: Phase, target: CompileTarget): readonly Program[] {
  const levels = levelsOf(target);
  const graphs = s.accumulation === 1 ? [fusedStep(s, phase, levels)] : [gradientStep(s, phase, levels), applyStep(s)];
  return graphs.map((g) => compile(g, target, s.recompute));
}

/** The key encoder in inference form, for a batch of 8-bit images, or of floats: its weights are the state's. */
export function keyEncoderProgram(s: StepSettings, batchSize: number, target: CompileTarget): Program {
  const { channels, imageSize } = s.encoder;
  const pixels = imageInput("pixels", [batchSize, channels, imageSize, imageSize], s.pixels);
  const { embedding } = encode(s.encoder, new Parameters(state.key("")), evaluation, pixels);
  const graph = { name: "keyEncoder", inputs: inputsOf([embedding]), outputs: { embedding } };
  return compile(graph, target, false, stateTensors(s));
}

/** The programs of one of several processes that share a batch. */
export type RankPrograms = { readonly [P in RankPart]: Program };

/** The step of a phase on one of several processes that share its batch (`rankStep.ts`). */
export function rankPrograms(s: StepSettings, ranks: number, phase: Phase, target: CompileTarget): RankPrograms {
  const graphs = rankGraphs(s, ranks, phase, levelsOf(target));
  const held = stateTensors(s, true);
  const compiled = Object.entries(graphs).map(([part, graph]) => [part, compile(graph, target, s.recompute, held)]);
  return Object.fromEntries(compiled) as RankPrograms;
}

/**
 * The program that follows a new clustering. It has no convolutions, so one form suits every target.
 *
 * @param target - of the steps that it prepares
 */
export const prepareProgram = (s: StepSettings, target: CompileTarget): Program =>
  compile(prepareGraph(s, levelsOf(target)), { kind: "portable" });
