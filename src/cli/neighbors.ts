/** `hcsc neighbors`: the images of a set that are most similar to some. */
import { Command } from "commander";
import { unitRows } from "../cluster/index.js";
import { nearestNeighbours } from "../eval/index.js";
import { similarityOn } from "../runtime/index.js";
import { encoderWeights, lastSoundCheckpoint, RunFolder } from "../train/index.js";
import { cosine, dataHelp, whole, withEngineOptions } from "./options.js";
import { print, table } from "./print.js";
import { type EngineFlags, withEngine, withImages } from "./session.js";
import { readableVectors } from "./vectors.js";

interface Flags extends EngineFlags {
  readonly run: string;
  readonly data?: string;
  readonly count: number;
  readonly threshold?: number;
}

export function neighborsCommand(): Command {
  return withEngineOptions(new Command("neighbors"))
    .description("find the images of a set that are most similar, by the cosine of the query backbone's features")
    .argument("<image>", `what to find the like of: an image file, or any set; ${dataHelp}`)
    .requiredOption("--run <folder>", "a run folder")
    .option("--data <images>", "where to look; default: the images that the run was trained on")
    .option("--count <n>", "how many for each image", whole(1), 10)
    .option("--threshold <cosine>", "only those of at least this cosine, from -1 to 1", cosine)
    .addHelpText(
      "after",
      "\nExamples:\n  hcsc neighbors cat.jpg --run runs/photos\n  hcsc neighbors 'data/fashion-mnist[8000:8003]' --run runs/demo --count 5 --json\n  hcsc neighbors cat.jpg --run runs/photos --threshold 0.9",
    )
    .action(runNeighbors);
}

async function runNeighbors(image: string, flags: Flags): Promise<void> {
  const run = await RunFolder.open(flags.run);
  const { recipe, data } = run.description;
  const weights = encoderWeights(await lastSoundCheckpoint(run), "query");
  const results = await withEngine(flags, async (engine) => {
    const featuresOf = (data: string) =>
      withImages(data, flags, async (images) => {
        const { features, kept } = await readableVectors(engine, recipe, weights, images);
        return { vectors: unitRows(features), names: Array.from(kept, images.source.name) };
      });
    const [asked, held] = [await featuresOf(image), await featuresOf(flags.data ?? data)];
    const count = Math.min(flags.count, held.names.length);
    const mostSimilar = await similarityOn(engine);
    const { ids, similarity } = await nearestNeighbours(asked.vectors, held.vectors, count, { mostSimilar });
    return asked.names.map((name, q) => ({
      image: name,
      neighbors: Array.from({ length: count }, (_, i) => ({
        name: held.names[ids[q * count + i]],
        cosine: similarity[q * count + i],
      })).filter((found) => found.cosine >= (flags.threshold ?? -2)),
    }));
  });
  print(
    flags.json,
    { run: flags.run, data: flags.data ?? data, results },
    results.flatMap((r) => [
      r.image,
      ...(r.neighbors.length > 0
        ? table(r.neighbors.map((n) => [`  ${n.name}`, n.cosine.toFixed(4)]))
        : ["  none of this cosine"]),
    ]),
  );
}
