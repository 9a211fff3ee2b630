/** `hcsc embed`: a vector for every image, and what is known of it. */
import { type EmbeddingTable, embeddingFormatOf, type Layer, layers } from "../../encoder/index.js";
import { UsageError } from "../../errors.js";
import { hasHierarchy } from "../../train/index.js";
import { print, tell } from "../print.js";
import { type EncoderFlags, isOfRun, onWeights } from "./imported.js";
import { type EngineFlags, onRun } from "./session.js";

interface Flags extends EngineFlags, EncoderFlags {
  readonly data?: string;
  readonly out: string;
  readonly layer: string;
}

export async function run(flags: Flags): Promise<void> {
  const format = embeddingFormatOf(flags.out);
  const layer = layers.find((l) => l === flags.layer);
  if (!layer) throw new UsageError("wrong-value", `--layer ${flags.layer}: choose ${layers.join(" or ")}`);
  const { holdsClusters: withClusters } = format;
  const given = { maxBroken: 1, ...flags };
  const { table, skipped } = await (isOfRun(given) ? ofRun(given, layer, withClusters) : ofWeights(given, layer));
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

const ofRun = (flags: Flags & { readonly run: string }, layer: Layer, withClusters: boolean): Promise<Embedded> =>
  onRun(flags, async (learner) => {
    if (withClusters && !hasHierarchy((await learner.trained()).checkpoint))
      tell(`${flags.run} has not clustered yet: ${flags.out} gets no clusters`);
    const table = await learner.embed({ layer, clusters: withClusters });
    return { table, skipped: learner.images.loader.broken.size };
  });

function ofWeights(flags: Flags, layer: Layer): Promise<Embedded> {
  if (flags.data === undefined) throw new UsageError("not-given", "--weights needs --data: the images to embed");
  return onWeights(flags, flags.data, async (learner) => ({
    table: await learner.embed({ layer }),
    skipped: learner.images.loader.broken.size,
  }));
}
