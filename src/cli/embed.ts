/** `hcsc embed`: a vector for every image. */
import { Command } from "commander";
import type { Matrix } from "../array.js";
import { UsageError } from "../errors.js";
import { writeAtomically, writeNpy, writeTensors } from "../tensorfile/index.js";
import { encoderWeights, latestCheckpoint, RunFolder } from "../train/index.js";
import { dataHelp, withEngineOptions } from "./options.js";
import { print } from "./print.js";
import { type EngineFlags, withEngine, withImages } from "./session.js";
import { readableVectors } from "./vectors.js";

interface Flags extends EngineFlags {
  readonly run: string;
  readonly data: string;
  readonly out: string;
  readonly layer: string;
}

/** Writers by file extension. */
const writers: Readonly<Record<string, (file: string, vectors: Matrix) => Promise<void>>> = {
  ".npy": (file, vectors) => writeNpy(file, vectors),
  ".safetensors": (file, vectors) => writeTensors(file, { vectors }),
};

const layers = ["features", "embedding"] as const;

export function embedCommand(): Command {
  return withEngineOptions(new Command("embed"))
    .description("write a vector for every image, and their names beside it (FILE.names.txt, one a line)")
    .requiredOption("--run <folder>", "a run folder")
    .requiredOption("--data <images>", dataHelp)
    .requiredOption("--out <file>", "where to write: .npy or .safetensors (tensor `vectors`)")
    .option(
      "--layer <name>",
      "features: the backbone's, for use; embedding: the head's unit vectors, which training compares",
      "features",
    )
    .addHelpText("after", "\nExample:\n  hcsc embed --run runs/demo --data photos --out photos.npy")
    .action(runEmbed);
}

async function runEmbed(flags: Flags): Promise<void> {
  const extension = Object.keys(writers).find((e) => flags.out.endsWith(e));
  if (!extension) throw new UsageError(`${flags.out}: end --out with ${Object.keys(writers).join(" or ")}`);
  const layer = layers.find((l) => l === flags.layer);
  if (!layer) throw new UsageError(`--layer ${flags.layer}: choose ${layers.join(" or ")}`);
  const run = await RunFolder.open(flags.run);
  const weights = encoderWeights(await latestCheckpoint(run), "query");
  const { vectors, names, skipped } = await withEngine(flags, (engine) =>
    withImages(flags.data, flags, async (images) => {
      const made = await readableVectors(engine, run.description.recipe, weights, images);
      return {
        vectors: layer === "features" ? made.features : made.embeddings,
        names: Array.from(made.kept, images.source.name),
        skipped: images.loader.broken.size,
      };
    }),
  );
  await writers[extension](flags.out, vectors);
  const namesFile = `${flags.out.slice(0, -extension.length)}.names.txt`;
  await writeAtomically(namesFile, new TextEncoder().encode(`${names.join("\n")}\n`));
  const [count, width] = vectors.shape;
  print(flags.json, { file: flags.out, names: namesFile, images: count, width, skipped }, [
    `${count} vectors of ${width} numbers → ${flags.out}`,
    `names → ${namesFile}`,
  ]);
}
