/**
 * A recipe's programs: the graphs that training runs, as ONNX models for a target, with the map from state inputs to the
 * outputs that replace them.
 */
import { buildModel, type DType, expandComposites, type Graph, type Shape } from "../graph/index.js";
import { lowerBlocked } from "../graph/lower/index.js";
import type { Recipe } from "../recipe/index.js";
import { encoderSettings } from "./encoder.js";
import { next } from "./names.js";
import { prepareGraph } from "./prepare.js";
import { applyStep, fusedStep, gradientStep, type Phase, type StepSettings } from "./step.js";

/** One model and how its state goes round. */
export interface Program {
  readonly name: string;
  readonly model: Uint8Array;
  /** State tensor → the output that becomes its next value. */
  readonly state: Readonly<Record<string, string>>;
  readonly outputs: readonly string[];
  readonly inputs: readonly { readonly name: string; readonly dtype: DType; readonly shape: Shape }[];
}

/** Where a graph is to run: `portable` is standard ONNX for any provider; `blocked` uses the CPU provider's own kernels. */
export type Target = { readonly kind: "portable" } | { readonly kind: "blocked"; readonly block: number };

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
    accumulation: recipe.accumulation,
  };
}

/** Sides of the local views, in order. */
export const localSizes = (recipe: Recipe): readonly number[] =>
  recipe.views.local.flatMap((v) => Array<number>(v.count).fill(v.size));

/** The model of a graph on a target. */
export function compile(graph: Graph, target: Target): Program {
  const lowered = target.kind === "blocked" ? lowerBlocked(graph, { block: target.block }) : graph;
  const names = Object.keys(lowered.outputs);
  const expanded = expandComposites(Object.values(lowered.outputs));
  const final: Graph = { ...lowered, outputs: Object.fromEntries(names.map((n, i) => [n, expanded[i]])) };
  return {
    name: graph.name,
    model: buildModel(final),
    state: Object.fromEntries(names.filter((n) => n.startsWith(next(""))).map((n) => [n.slice(next("").length), n])),
    outputs: names,
    inputs: final.inputs.map(({ name, dtype, shape }) => ({ name, dtype, shape })),
  };
}

/** The step of a phase as the programs that make it: one fused, or gradient and apply when gradients accumulate. */
export function stepPrograms(s: StepSettings, phase: Phase, target: Target): readonly Program[] {
  const graphs = s.accumulation === 1 ? [fusedStep(s, phase)] : [gradientStep(s, phase), applyStep(s)];
  return graphs.map((g) => compile(g, target));
}

/** The program that follows a new clustering. It has no convolutions, so one form suits every target. */
export const prepareProgram = (s: StepSettings): Program => compile(prepareGraph(s), { kind: "portable" });
