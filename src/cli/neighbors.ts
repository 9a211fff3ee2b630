/** `hcsc neighbors`: the images of a set that are most similar to some. */
import { Command } from "commander";
import { encoderOf, mostAlike, namedFeatures, openTrained } from "../encoder/index.js";
import { table } from "../text.js";
import { cosine, dataHelp, whole, withEngineOptions } from "./options.js";
import { print, warn } from "./print.js";
import { type RunFlags, withEngine, withImages } from "./session.js";

interface Flags extends RunFlags {
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
  const trained = await openTrained(flags.run, warn);
  const { data = trained.run.description.data } = flags;
  const results = await withEngine(flags, async (engine) => {
    const encoder = encoderOf(trained, engine, "query");
    const of = (set: string) => withImages(set, flags, (images) => namedFeatures(encoder, images));
    const asked = await of(image);
    return mostAlike(encoder, asked, await of(data), flags.count, flags.threshold);
  });
  print(
    flags.json,
    { run: flags.run, data, results },
    results.flatMap((r) => [
      r.image,
      ...(r.neighbors.length > 0
        ? table(r.neighbors.map((n) => [`  ${n.name}`, n.cosine.toFixed(4)]))
        : ["  none of this cosine"]),
    ]),
  );
}
