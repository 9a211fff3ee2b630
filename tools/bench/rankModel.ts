/**
 * What a step, a clustering and an epoch cost on many processes, from what was measured on few: compute divides, what is told among
 * processes does not. Collectives cost what their usual algorithms do (Thakur, Rabenseifner and Gropp 2005): sums in a ring, or by
 * doubling where they are small; the rest a message from each to each.
 */
import { elements } from "../../src/array.js";
import { encoderSettings, encoderSpecs } from "../../src/programs/index.js";
import type { Recipe } from "../../src/recipe/index.js";

/** A network between processes. */
export interface Network {
  readonly name: string;
  /** Seconds until a message of nothing is there. */
  readonly latency: number;
  /** Bytes a second that a process sends while it receives as many. */
  readonly bandwidth: number;
}

/** A process's speed. */
export interface Machine {
  readonly name: string;
  /** Images of a training step that it does a second, alone. */
  readonly trained: number;
  /** Images that it embeds a second. */
  readonly embedded: number;
  /** Multiplications and additions of its clustering a second. */
  readonly flops: number;
}

/** Bytes that a process sends in a step. */
export interface Volume {
  /** Gradients and running statistics, summed. */
  readonly sums: number;
  /** Images of keys, to the processes that encode them. */
  readonly images: number;
  /** Keys, to all. */
  readonly keys: number;
}

/** Bytes of the vector of gradients and running statistics that is summed in an update. */
export const summedBytes = ({ encoder }: Recipe): number =>
  encoderSpecs(encoderSettings(encoder)).reduce(
    (bytes, { shape, trainable }) => bytes + 4 * elements(shape) * (trainable ? 1 : 2),
    0,
  );

/** @param batch - images in a step of all processes */
export function volumeOf(recipe: Recipe, batch: number, processes: number): Volume {
  const { imageSize, channels, dimension } = recipe.encoder;
  const own = batch / processes;
  const others = (processes - 1) / processes;
  return {
    sums: 2 * others * summedBytes(recipe),
    images: own * others * channels * imageSize ** 2,
    keys: own * (processes - 1) * 4 * dimension,
  };
}

/** Seconds to sum a vector among processes: in a ring, or at once by doubling, whichever is less. */
export function sumSeconds(bytes: number, processes: number, { latency, bandwidth }: Network): number {
  if (processes === 1) return 0;
  const rounds = Math.log2(processes);
  const ring = 2 * (processes - 1) * latency + (2 * bytes * (processes - 1)) / processes / bandwidth;
  return Math.min(ring, rounds * (latency + bytes / bandwidth), 2 * rounds * latency + (2 * bytes) / bandwidth);
}

/** Seconds of a step's parts. */
export type StepCost = {
  readonly compute: number;
  readonly sums: number;
  readonly images: number;
  readonly keys: number;
};

/** Sums of a number or two that each step makes beside its gradients: what is measured, whether to stop, whether to save. */
const smallSums = 3;

export function stepCost(
  recipe: Recipe,
  batch: number,
  processes: number,
  machine: Machine,
  network: Network,
): StepCost {
  const { images, keys } = volumeOf(recipe, batch, processes);
  const { latency, bandwidth } = network;
  const rounds = processes === 1 ? 0 : Math.ceil(Math.log2(processes));
  return {
    compute: batch / processes / machine.trained,
    sums: sumSeconds(summedBytes(recipe), processes, network) + smallSums * sumSeconds(8, processes, network),
    images: (processes - 1) * latency + images / bandwidth,
    keys: rounds * latency + keys / bandwidth,
  };
}

export const total = (cost: Readonly<Record<string, number>>): number => Object.values(cost).reduce((a, b) => a + b, 0);

/** A clustering of all images by processes that hold their part of them: Lloyd's iterations, whose sums go to all. */
export function clusterSeconds(
  { method, encoder }: Recipe,
  images: number,
  processes: number,
  machine: Machine,
  network: Network,
): { readonly embed: number; readonly distances: number; readonly sums: number } {
  const [finest = 0] = method.clusters;
  const rounds = method.iterations * method.restarts;
  return {
    embed: images / processes / machine.embedded,
    distances: (rounds * 2 * (images / processes) * finest * encoder.dimension) / machine.flops,
    sums: rounds * sumSeconds(4 * finest * (encoder.dimension + 1), processes, network),
  };
}

/** An epoch's row of the table. */
export function epochOf(
  recipe: Recipe,
  images: number,
  perProcess: number,
  processes: number,
  machine: Machine,
  network: Network,
) {
  const batch = perProcess * processes;
  const step = stepCost(recipe, batch, processes, machine, network);
  const clustering = clusterSeconds(recipe, images, processes, machine, network);
  const steps = Math.floor(images / batch);
  return {
    batch,
    step,
    clustering,
    hours: (steps * total(step) + total(clustering)) / 3600,
    /** Share of a step that computes. */
    efficiency: step.compute / total(step),
    /** Steps that the oldest key of the queue is old. */
    staleness: recipe.method.queue / batch,
  };
}
