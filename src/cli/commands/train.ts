/** `hcsc train`: trains, or resumes, a run. */
import { Command, Option } from "commander";
import { precisions } from "../../precision.js";
import { lazily } from "./lazily.js";
import { collect, dataHelp, positive, whole, withEngineOptions } from "./options.js";
import { withSplitOption } from "./sets.js";
import { partialHelp, weightsHelp } from "./weights.js";

export function trainCommand(): Command {
  return withSplitOption(withEngineOptions(new Command("train")))
    .description("train an encoder on unlabelled images")
    .option("--data <images>", `needed unless --resume; ${dataHelp}`)
    .option(
      "--recipe <recipe>",
      "a recipe file, a bundled recipe, or auto: chosen by number, size and colour of the images; needed unless --resume",
    )
    .option("--out <folder>", "the run folder; default runs/RECIPE-TIME")
    .option("--test <images>", "labelled images held out: kNN accuracy on them before and after")
    .option(
      "--resume",
      "go on with the run in --out, on the same images; of its recipe the epochs, the learning rate, its schedule, clipping and decay may change, and the precision between fp32 and tf32",
    )
    .option("--init <file>", `start from these weights, of the recipe's backbone: ${weightsHelp}`)
    .option("--partial", partialHelp)
    .option(
      "--log <folder>",
      "for TensorBoard: write an event file there while training (every number, and histograms of the embeddings), and at its end 5,000 images at most for the projector, with their pictures",
    )
    .option("--epochs <n>", "override the recipe's epochs", whole(1))
    .option("--batch-size <n>", "override the recipe's batch size", whole(1))
    .option("--learning-rate <x>", "override the recipe's learning rate (for a batch of 256)", positive)
    .option("--seed <n>", "override the recipe's seed", whole(0))
    .addOption(
      new Option(
        "--precision <name>",
        "override the recipe's precision of products: tf32 and fp16 are faster on GPUs that have them (see hcsc doctor)",
      ).choices(Object.keys(precisions)),
    )
    .option("--variant <name>", "override the recipe's variant: paper or reference")
    .option("--set <field=value>", "override any field of the recipe; may be repeated", collect, [])
    .option(
      "--lost-seconds <n>",
      "in several processes: take one for stopped or cut off that is not heard of for so long, and end all; default 30",
      positive,
    )
    .option(
      "--stall-seconds <n>",
      "in several processes: take all for hung when none has come on for so long, and end them; default 1800",
      positive,
    )
    .addHelpText(
      "after",
      "\nExamples:\n  hcsc train --data photos --recipe cifar-resnet18 --out runs/photos\n  hcsc train --data 'data/fashion-mnist[0:8000]' --test 'data/fashion-mnist[8000:10000]' --recipe demo\n  hcsc train --data photos --recipe cifar-resnet18 --init backbone.pth --out runs/photos\n  hcsc train --out runs/photos --resume\n  hcsc train --out runs/photos --resume --epochs 300 --learning-rate 0.01\n\nCtrl-C finishes the step, saves and stops; --resume goes on to the very numbers of an uninterrupted run.",
    )
    .action(lazily(() => import("../actions/train.js"), "several"));
}
