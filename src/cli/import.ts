/** `hcsc import`: a run of weights from elsewhere, before any training. */
import { resolve } from "node:path";
import { Command } from "commander";
import { encoderSettings } from "../artifacts/index.js";
import { absoluteName, describeSource, identityOf, openSource } from "../data/index.js";
import { loadRecipe, suited } from "../presets/index.js";
import { table } from "../text.js";
import { inRunFolder, type RunDescription, RunFolder, saveStart } from "../train/index.js";
import { versions } from "../version.js";
import { fitWeights, openWeights } from "../weights/index.js";
import { fitLines, partialHelp, recipeFor, weightsHelp } from "./imported.js";
import { dataHelp, whole } from "./options.js";
import { advised, print, warn } from "./print.js";
import { type SetFlags, splitOf, withSplitOption } from "./sets.js";

interface Flags extends SetFlags {
  readonly data: string;
  readonly out: string;
  readonly recipe?: string;
  readonly size?: number;
  readonly partial?: boolean;
  readonly json?: boolean;
}

export function importCommand(): Command {
  return withSplitOption(new Command("import"))
    .description(
      "make a run folder of weights from elsewhere, which eval, embed, neighbors, organize, report and export take as one that was trained",
    )
    .argument("<file>", weightsHelp)
    .requiredOption("--data <images>", `the images that it is for; ${dataHelp}`)
    .requiredOption("--out <folder>", "the run folder")
    .option("--test <images>", "labelled images held out")
    .option(
      "--recipe <recipe>",
      "a recipe file or a bundled recipe, of the weights' backbone; default: told by the weights",
    )
    .option(
      "--size <px>",
      "without --recipe: side of the images; default as the folder says, else 224, or 32 of a 3×3 stem",
      whole(8),
    )
    .option("--partial", partialHelp)
    .addHelpText(
      "after",
      "\nExamples:\n  hcsc import resnet50-0676ba61.pth --data photos --out runs/imagenet\n  hcsc import checkpoint_0199.pth.tar --data photos --split 0.2 --out runs/moco",
    )
    .action(runImport);
}

async function runImport(file: string, flags: Flags): Promise<void> {
  const opened = await openWeights(file);
  const sets = splitOf(flags.data, flags);
  const [data, test] = [await absoluteName(sets.data), sets.test === null ? null : await absoluteName(sets.test)];
  const source = openSource(await describeSource(data));
  const told = flags.recipe ? await loadRecipe(flags.recipe, []) : await recipeFor(opened, flags.size);
  const { recipe, notes } = await suited(told, source);
  if (flags.recipe) for (const note of notes) warn(advised(note));
  const partial = flags.partial === true;
  const { weights, report } = fitWeights(opened, encoderSettings(recipe.encoder), partial);
  const init = { file: resolve(file), sha256: opened.sha256, partial, report };
  const description: RunDescription = {
    recipe,
    data,
    test,
    images: source.count,
    versions: versions(),
    started: new Date().toISOString(),
    init,
    sessions: [],
  };
  const identity = await identityOf(source);
  await inRunFolder(flags.out, async () => {
    const run = await RunFolder.create(flags.out, description);
    await run.saveImages(identity);
    await saveStart(run, weights);
  });
  const { backbone, channels, imageSize } = recipe.encoder;
  print(flags.json, { run: flags.out, recipe: recipe.name, encoder: recipe.encoder, ...report }, [
    ...fitLines(report),
    ...table([
      ["encoder", `${backbone}, ${channels === 1 ? "grey" : "colour"}, ${imageSize} px`],
      ["run folder", flags.out],
    ]),
  ]);
}
