/** `hcsc train`: trains, or resumes, a run. */
import { Command, Option } from "commander";
import { UsageError } from "../errors.js";
import { precisions } from "../precision.js";
import type { Recipe } from "../recipe/index.js";
import { latestCheckpoint, RunFolder } from "../train/index.js";
import { interruptible } from "./interrupt.js";
import { dataHelp, positive, whole, withEngineOptions } from "./options.js";
import { duration, percent, print, table } from "./print.js";
import { collect, loadRecipe } from "./recipes.js";
import type { EngineFlags } from "./session.js";
import { trainRun } from "./trainRun.js";

interface Flags extends EngineFlags {
  readonly data: string;
  readonly test?: string;
  readonly recipe?: string;
  readonly out?: string;
  readonly resume?: boolean;
  readonly set: readonly string[];
  readonly epochs?: number;
  readonly batchSize?: number;
  readonly learningRate?: number;
  readonly seed?: number;
  readonly variant?: string;
}

export function trainCommand(): Command {
  return withEngineOptions(new Command("train"))
    .description("train an encoder on unlabelled images")
    .requiredOption("--data <images>", dataHelp)
    .option("--recipe <recipe>", "a recipe file or bundled recipe; needed unless --resume")
    .option("--out <folder>", "the run folder; default runs/RECIPE-TIME")
    .option("--test <images>", "labelled images held out: kNN accuracy on them before and after")
    .option("--resume", "go on from the last checkpoint of --out")
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
    .addHelpText(
      "after",
      "\nExamples:\n  hcsc train --data photos --recipe cifar-resnet18 --out runs/photos\n  hcsc train --data 'data/fashion-mnist[0:8000]' --test 'data/fashion-mnist[8000:10000]' --recipe demo\n  hcsc train --data photos --out runs/photos --resume\n\nCtrl-C finishes the step, saves and stops; --resume goes on to the very numbers of an uninterrupted run.",
    )
    .action(run);
}

async function run(flags: Flags): Promise<void> {
  const existing = flags.resume ? await RunFolder.open(needOut(flags)) : null;
  const recipe = existing?.description.recipe ?? (await loadRecipe(needRecipe(flags), overrides(flags)));
  const done = await interruptible(async (signal) =>
    trainRun({
      recipe,
      data: flags.data,
      test: flags.test ?? null,
      run: existing ? { folder: existing, checkpoint: await latestCheckpoint(existing) } : (flags.out ?? named(recipe)),
      flags,
      signal,
    }),
  );
  const { position, checkpoint, interrupted, loss, seconds, knnBefore, knnAfter, brokenImages } = done;
  const progress = { position, checkpoint, interrupted, loss, seconds };
  const summary = { run: done.folder.path, ...progress, knnBefore, knnAfter, brokenImages };
  print(flags.json, summary, summaryLines(summary, recipe));
}

/** A folder named for the recipe and the time. */
const named = (recipe: Recipe): string =>
  `runs/${recipe.name}-${new Date().toISOString().slice(0, 19).replaceAll(/[-:]/g, "").replace("T", "-")}`;

interface Summary {
  readonly run: string;
  readonly loss: number;
  readonly seconds: number;
  readonly checkpoint: string;
  readonly interrupted: boolean;
  readonly position: { readonly epoch: number; readonly step: number };
  readonly knnBefore: number | null;
  readonly knnAfter: number | null;
  readonly brokenImages: number;
}

function summaryLines(s: Summary, recipe: Recipe): string[] {
  const rows = [
    ["loss, last epoch", Number.isNaN(s.loss) ? "none" : s.loss.toFixed(3)],
    ...(s.knnBefore === null ? [] : [["kNN before training", percent(s.knnBefore, 2)]]),
    ...(s.knnAfter === null ? [] : [["kNN after training", percent(s.knnAfter, 2)]]),
    ["epochs", `${s.position.epoch} of ${recipe.epochs}`],
    ["training time", duration(s.seconds)],
    ...(s.brokenImages ? [["images skipped", String(s.brokenImages)]] : []),
    ["run folder", s.run],
    ["last checkpoint", s.checkpoint],
  ];
  return [...(s.interrupted ? [`stopped; go on with --resume --out ${s.run}`] : []), ...table(rows)];
}

const needOut = (flags: Flags): string => {
  if (!flags.out) throw new UsageError("--resume needs --out, the folder of the run to go on with");
  return flags.out;
};

const needRecipe = (flags: Flags): string => {
  if (!flags.recipe)
    throw new UsageError("--recipe is needed: a recipe file, or the name of a bundled one such as demo");
  return flags.recipe;
};

const overrides = (flags: Flags): readonly string[] => {
  const named: readonly (readonly [string, unknown])[] = [
    ["epochs", flags.epochs],
    ["batchSize", flags.batchSize],
    ["optimizer.learningRate", flags.learningRate],
    ["seed", flags.seed],
    ["precision", flags.precision],
    ["method.variant", flags.variant],
  ];
  return [...flags.set, ...named.flatMap(([field, value]) => (value === undefined ? [] : [`${field}=${value}`]))];
};
