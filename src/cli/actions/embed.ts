/** `hcsc embed`: a vector for every image, and what is known of it. */

import { onDisk } from "../../disk/index.js";
import { type EmbeddingTable, embeddingFormatOf, type Layer, layers } from "../../encoder/index.js";
import { UsageError } from "../../errors.js";
import type { EmbedSettings, Learner } from "../../learner/index.js";
import { hasHierarchy, RunFolder } from "../../train/index.js";
import { share, sumOf, type World } from "../../world/index.js";
import { print, tell } from "../print.js";
import { type EncoderFlags, isOfRun, onWeights } from "./imported.js";
import { inWorld, type WorldFlags, within } from "./processes.js";
import { type EngineFlags, onRun } from "./session.js";

interface Flags extends EngineFlags, EncoderFlags, WorldFlags {
  readonly data?: string;
  readonly out: string;
  readonly layer: string;
}

export const run = (flags: Flags): Promise<void> => inWorld(flags, (world) => embedded(world, flags));

async function embedded(world: World, flags: Flags): Promise<void> {
  const format = embeddingFormatOf(flags.out);
  const layer = layers.find((l) => l === flags.layer);
  if (!layer) throw new UsageError("wrong-value", `--layer ${flags.layer}: choose ${layers.join(" or ")}`);
  const { holdsClusters: withClusters } = format;
  const given = { maxBroken: 1, ...flags };
  const { table, skipped } = await (isOfRun(given)
    ? ofRun(world, given, layer, withClusters)
    : ofWeights(world, given, layer));
  if (world.rank > 0) return;
  const names = await format.write(flags.out, table);
  const [count, width] = table.vectors.shape;
  const levels = table.clusters?.length ?? 0;
  print(flags.json, { file: flags.out, names, images: count, width, levels, skipped }, [
    `${count} vectors of ${width} numbers${levels > 0 ? `, and clusters at ${levels} levels` : ""} → ${flags.out}`,
    ...(names ? [`names → ${names}`] : []),
  ]);
}

/** What is written, and how many images cannot be read. */
interface Embedded {
  readonly table: EmbeddingTable;
  readonly skipped: number;
}

async function ofRun(
  world: World,
  flags: Flags & { readonly run: string },
  layer: Layer,
  withClusters: boolean,
): Promise<Embedded> {
  const data = share(world, world.rank === 0 ? (flags.data ?? (await runSet(flags.run))) : "");
  return onRun(
    { ...flags, data },
    async (learner) => {
      if (world.rank === 0 && withClusters && !hasHierarchy((await learner.trained()).checkpoint))
        tell(`${flags.run} has not clustered yet: ${flags.out} gets no clusters`);
      return madeBy(learner, world, { layer, clusters: withClusters });
    },
    within(world),
  );
}

const runSet = async (run: string): Promise<string> => (await RunFolder.open(onDisk(run))).description.data;

function ofWeights(world: World, flags: Flags, layer: Layer): Promise<Embedded> {
  if (flags.data === undefined) throw new UsageError("not-given", "--weights needs --data: the images to embed");
  return onWeights(flags, flags.data, (learner) => madeBy(learner, world, { layer }), within(world));
}

async function madeBy(learner: Learner, world: World, settings: EmbedSettings): Promise<Embedded> {
  const table = await learner.embed(settings);
  return { table, skipped: sumOf(world, learner.images.loader.broken.size) };
}
