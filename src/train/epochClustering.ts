/** The start of an epoch after warm-up, on the engine's state: embed the images, cluster, hand prototypes over, and report on it. */
import { everyIndex, type Matrix } from "../array.js";
import type { CompileTarget } from "../compileTarget.js";
import type { ImageSource, Loader } from "../data/index.js";
import type { Engine } from "../engine/index.js";
import { embeddingSpread } from "../eval/index.js";
import { prepareProgram, type StateMemory } from "../programs/index.js";
import { ownRange, type World } from "../world/index.js";
import type { Position } from "./checkpoint.js";
import { type Clustering, clusterEmbeddings } from "./clusterStage.js";
import type { Reporter } from "./events.js";
import type { KeyEncoder } from "./keyEncoder.js";
import { collapseCosine } from "./metrics.js";
import { onlineKnn } from "./onlineKnn.js";
import type { Plan } from "./plan.js";

export interface ClusteringRequest {
  readonly engine: Engine;
  readonly plan: Plan;
  /** What steps are compiled for, and how the engine holds their state. */
  readonly target: CompileTarget;
  readonly memory: StateMemory;
  readonly keyEncoder: KeyEncoder;
  readonly source: ImageSource;
  readonly loader: Loader;
  /** Of the epoch's start. */
  readonly position: Position;
  readonly report: Reporter;
  /** Whether the clustering's warnings are printed: once a session, as each epoch's line has the counts. */
  readonly saysWarnings: boolean;
  readonly signal?: AbortSignal | undefined;
  /** Each process embeds its part of the images, and keeps their embeddings. */
  readonly world: World;
}

export interface EpochClustering {
  readonly clustering: Clustering;
  /** Mean cosine between two images' embeddings. */
  readonly meanCosine: number;
  /** Top-1 in percent; absent without labels. */
  readonly onlineKnn?: number;
}

/** @returns null if it was stopped before the images were embedded */
export async function clusterForEpoch(request: ClusteringRequest): Promise<EpochClustering | null> {
  const { engine, plan, source, report, world } = request;
  const { recipe, settings } = plan;
  const began = performance.now();
  const embeddings = await embedded(request);
  if (!embeddings) return null;
  report({ kind: "embedded", step: request.position.step, embeddings });
  const clustering = await clusterEmbeddings(engine, recipe, embeddings, recipe.seed, world);
  for (const part of request.memory.pack([clustering.tensors])) await engine.write(part);
  const prepare = prepareProgram(settings, request.target);
  await engine.load(prepare.name, prepare.model, { state: prepare.state });
  await engine.run(prepare.name, {}, []);
  await engine.unload(prepare.name);
  if (request.saysWarnings) for (const message of clustering.warnings) report({ kind: "warning", message });
  const { meanCosine } = embeddingSpread(embeddings, world);
  if (meanCosine > collapseCosine) {
    report({
      kind: "warning",
      message: `the embeddings have all but collapsed: their mean cosine is ${meanCosine.toFixed(3)}. A lower learning rate, a longer warm-up or more keySubBatches may help`,
    });
  }
  const { counts } = clustering;
  report({ kind: "cluster", epoch: request.position.epoch, seconds: (performance.now() - began) / 1000, counts });
  const accuracy = await onlineKnn(engine, embeddings, source.labels, recipe.seed, world);
  return { clustering, meanCosine, ...(accuracy === undefined ? {} : { onlineKnn: accuracy }) };
}

/** Embeddings of this process's part of the images; null if it was stopped. */
async function embedded(request: ClusteringRequest): Promise<Matrix | null> {
  const { source, loader, report, signal, world } = request;
  const { count } = source;
  const { from, to } = ownRange(count, world);
  const own = everyIndex(count).subarray(from, to);
  const progress = (done: number) => report({ kind: "embed", done: Math.min(count, done * world.size), total: count });
  return request.keyEncoder.embed({ loader, indices: own, progress, signal }).catch((error) => {
    if (signal?.aborted) return null;
    throw error;
  });
}
