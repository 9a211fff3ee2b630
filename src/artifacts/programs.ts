/**
 * A recipe's programs: the graphs that training runs, as ONNX models for a target, with the map from state inputs to the
 * outputs that replace them.
 */
import {
  convolveInHalf,
  type DType,
  describeModel,
  expandComposites,
  flattenBroadcasts,
  forDevices,
  forTrainingBuild,
  type Graph,
  type Shape,
  type Value,
} from "../graph/index.js";
import { lowerBlocked } from "../graph/lower/index.js";
import { encodeModel, type ModelContent } from "../onnx/index.js";
import type { Precision } from "../precision.js";
import type { Recipe } from "../recipe/index.js";
import { encoderSettings } from "./encoder.js";
import { isPackedState } from "./filterMemory.js";
import { isTrainable, next } from "./names.js";
import { overwritable } from "./overwritable.js";
import { prepareGraph } from "./prepare.js";
import { applyStep, fusedStep, gradientStep, type Phase, type StepSettings } from "./step.js";

/** One model and how its state goes round. */
export interface Program {
  readonly name: string;
  readonly model: Uint8Array;
  /** State tensor → the output that becomes its next value. */
  readonly state: Readonly<Record<string, string>>;
  /** Of the state: what gradients move. */
  readonly trainable: readonly string[];
  /** Of the state: what a run may write over while it reads it. */
  readonly overwritten: readonly string[];
  /** Whether its ops are those of the target's fused kernels, so that a runtime finds no more to fuse. */
  readonly fused: boolean;
  readonly outputs: readonly string[];
  readonly inputs: readonly { readonly name: string; readonly dtype: DType; readonly shape: Shape }[];
}

/**
 * Where a graph is to run: `portable` and `device` are standard ONNX, as CPUs and as GPUs like it; `blocked` uses kernels of
 * onnxruntime-node's CPU provider, `training` those of ONNX Runtime's training build.
 */
export type Target =
  | { readonly kind: "portable" }
  | { readonly kind: "device"; readonly precision: Precision }
  | { readonly kind: "blocked"; readonly block: number }
  | { readonly kind: "training" };

/** The settings of a recipe's step. */
export function stepSettings(recipe: Recipe): StepSettings {
  return {
    encoder: encoderSettings(recipe.encoder),
    loss: recipe.method,
    optimizer: recipe.optimizer,
    batchSize: recipe.batchSize,
    imageSize: recipe.encoder.imageSize,
    localSizes: localSizes(recipe),
    queue: recipe.method.queue,
    clusters: recipe.method.clusters,
    keySubBatches: recipe.encoder.keySubBatches,
    precision: recipe.precision,
    recompute: recipe.recompute,
    accumulation: recipe.accumulation,
  };
}

/** Sides of the local views, in order. */
export const localSizes = (recipe: Recipe): readonly number[] =>
  recipe.views.local.flatMap((v) => Array<number>(v.count).fill(v.size));

/** The model of a graph on a target. */
export const compile = (graph: Graph, target: Target): Program => programOf(described(graph, target), target);

/** The outputs of a graph in standard ops, or those of the provider, by kind of target. */
const forms: { readonly [K in Target["kind"]]: (graph: Graph, target: Target & { kind: K }) => readonly Value[] } = {
  portable: (graph) => flattenBroadcasts(expandComposites(Object.values(graph.outputs))),
  training: (graph) => flattenBroadcasts(expandComposites(Object.values(graph.outputs), forTrainingBuild)),
  device(graph, { precision }) {
    const expanded = expandComposites(Object.values(graph.outputs), forDevices);
    return precision === "fp16" ? convolveInHalf(expanded) : expanded;
  },
  blocked(graph, { block }) {
    const lowered = lowerBlocked(graph, { block, isPacked: (name, shape) => isPackedState(name, shape, block) });
    return flattenBroadcasts(expandComposites(Object.values(lowered.outputs)));
  },
};

function described(graph: Graph, target: Target): ModelContent {
  const outputs = (forms[target.kind] as (graph: Graph, target: Target) => readonly Value[])(graph, target);
  const names = Object.keys(graph.outputs);
  return describeModel({ ...graph, outputs: Object.fromEntries(names.map((n, i) => [n, outputs[i]])) });
}

const stateOf = ({ outputs }: ModelContent): Readonly<Record<string, string>> =>
  Object.fromEntries(
    outputs.filter((v) => v.name.startsWith(next(""))).map((v) => [v.name.slice(next("").length), v.name]),
  );

const programOf = (content: ModelContent, { kind }: Target): Program => ({
  name: content.name,
  model: encodeModel(content),
  state: stateOf(content),
  trainable: Object.keys(stateOf(content)).filter(isTrainable),
  overwritten: overwritable(content, stateOf(content)),
  fused: kind === "blocked",
  outputs: content.outputs.map((v) => v.name),
  inputs: content.inputs,
});

/** The step of a phase as the programs that make it: one fused, or gradient and apply when gradients accumulate. */
export function stepPrograms(s: StepSettings, phase: Phase, target: Target): readonly Program[] {
  const graphs = s.accumulation === 1 ? [fusedStep(s, phase)] : [gradientStep(s, phase), applyStep(s)];
  return graphs.map((g) => compile(g, target));
}

/** The program that follows a new clustering. It has no convolutions, so one form suits every target. */
export const prepareProgram = (s: StepSettings): Program => compile(prepareGraph(s), { kind: "portable" });
