/** A program's graph as devices run it: in ops of their provider, the state as vectors, by few nodes. */
import type { CompileTarget } from "../compileTarget.js";
import {
  convolveInHalf,
  expandComposites,
  type Family,
  fewNodes,
  flatten,
  forCuda,
  forDevices,
  forHalfCuda,
  forHalfDevices,
  fusedNatives,
  type Graph,
  input,
  type Value,
  withOutputs,
} from "../graph/index.js";
import { nativeConvolutions, normsAtOnce, normsInPairs, together } from "../graph/passes/index.js";
import { next } from "./names.js";
import { type Named, nextVector, stateVectors } from "./vectors.js";

/**
 * The form of a graph.
 *
 * @param held - the state that vectors are made of
 * @param savesMemory - whether nothing of several layers is held for fewer launches
 * @returns with the vectors of the next state that it makes
 */
export function deviceForm(
  graph: Graph,
  { precision, kernels }: CompileTarget & { kind: "device" },
  held: readonly Named[],
  savesMemory: boolean,
): { readonly formed: Graph; readonly replaced: readonly Family[] } {
  const read = new Set(graph.inputs.map(({ name }) => name));
  const vectors = stateVectors(held).filter(({ members }) => members.some(({ name }) => read.has(name)));
  const whole = vectors.reduce(replacedWhole, graph);
  const replaced = vectors.map(nextVector).filter(({ members }) => members.some(({ name }) => name in whole.outputs));
  const half = precision === "fp16";
  const table = half ? forHalfDevices : forDevices;
  const native = half ? forHalfCuda : forCuda;
  const paired = savesMemory || kernels === "cuda" ? whole : normsInPairs(whole);
  const expanded = withOutputs(paired, (outputs) => {
    const made = expandComposites(outputs, kernels === "cuda" ? { ...table, ...native } : table);
    const convolved = kernels === "cuda" && precision === "fp32" ? nativeConvolutions(made) : made;
    const fused = kernels === "cuda" ? fusedNatives(convolved) : made;
    return half ? convolveInHalf(fused) : fused;
  });
  const flat = flatten(savesMemory ? expanded : normsAtOnce(expanded), vectors, replaced);
  return { formed: fewNodes(savesMemory ? flat : together(flat)), replaced };
}

/** A graph that replaces a part of a vector replaces all of it: the rest stays as it is. */
function replacedWhole(graph: Graph, { members }: Family): Graph {
  const left = members.filter(({ name }) => !(next(name) in graph.outputs));
  if (left.length === 0 || left.length === members.length) return graph;
  const given = new Map(graph.inputs.map((v) => [v.name, v]));
  const kept = left.map(({ name, shape }): Value => given.get(name) ?? input(name, shape));
  return {
    ...graph,
    inputs: [...new Set([...graph.inputs, ...kept])],
    outputs: { ...Object.fromEntries(kept.map((v) => [next(v.name), v])), ...graph.outputs },
  };
}
