/** `hcsc import`: a run of weights from elsewhere, before any training. */
import { Command } from "commander";
import { importWeights } from "../learner/index.js";
import { kindOfImages } from "../recipe/index.js";
import { table } from "../text.js";
import { fitLines, partialHelp, weightsHelp } from "./imported.js";
import { dataHelp, whole } from "./options.js";
import { print } from "./print.js";
import { terminal } from "./progress.js";
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
  const request = { ...splitOf(flags.data, flags), run: flags.out, recipe: flags.recipe, size: flags.size };
  const { report: tell, stop } = terminal(flags.json === true);
  const { recipe, report } = await importWeights({ file, ...request, partial: flags.partial === true }, tell);
  stop();
  const { backbone, channels, imageSize } = recipe.encoder;
  print(flags.json, { run: flags.out, recipe: recipe.name, encoder: recipe.encoder, ...report }, [
    ...fitLines(report),
    ...table([
      ["encoder", `${backbone}, ${kindOfImages(channels)}, ${imageSize} px`],
      ["run folder", flags.out],
    ]),
  ]);
}
