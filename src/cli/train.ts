/** `hcsc train`: trains, or resumes, a run. */
import { Command, Option } from "commander";
import { withImages } from "../data/index.js";
import { UsageError } from "../errors.js";
import type { Learner } from "../learner/index.js";
import { openEventLog } from "../log/index.js";
import { precisions } from "../precision.js";
import type { Recipe } from "../recipe/index.js";
import { projectorSample, writeProjector } from "../report/index.js";
import { duration, percent, table } from "../text.js";
import { RunFolder } from "../train/index.js";
import { fitLines, partialHelp, weightsHelp } from "./imported.js";
import { interruptedCode, interruptible } from "./interrupt.js";
import { collect, dataHelp, positive, whole, withEngineOptions } from "./options.js";
import { print } from "./print.js";
import { type EngineFlags, withLearner } from "./session.js";
import { type SetFlags, splitOf, withSplitOption } from "./sets.js";

interface Flags extends EngineFlags, SetFlags {
  readonly recipe?: string;
  readonly out?: string;
  readonly resume?: boolean;
  readonly set: readonly string[];
  readonly epochs?: number;
  readonly batchSize?: number;
  readonly learningRate?: number;
  readonly seed?: number;
  readonly variant?: string;
  readonly init?: string;
  readonly log?: string;
  readonly partial?: boolean;
}

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
    .addHelpText(
      "after",
      "\nExamples:\n  hcsc train --data photos --recipe cifar-resnet18 --out runs/photos\n  hcsc train --data 'data/fashion-mnist[0:8000]' --test 'data/fashion-mnist[8000:10000]' --recipe demo\n  hcsc train --data photos --recipe cifar-resnet18 --init backbone.pth --out runs/photos\n  hcsc train --out runs/photos --resume\n  hcsc train --out runs/photos --resume --epochs 300 --learning-rate 0.01\n\nCtrl-C finishes the step, saves and stops; --resume goes on to the very numbers of an uninterrupted run.",
    )
    .action(run);
}

async function run(flags: Flags): Promise<void> {
  const existing = flags.resume ? await RunFolder.open(needed(flags.out, resumeNeedsOut)) : null;
  if (flags.init !== undefined && existing)
    throw new UsageError("contradiction", "--init is what a new run starts from: it has no place beside --resume");
  const { data, test } =
    existing && flags.data === undefined
      ? { data: existing.description.data, test: flags.test ?? existing.description.test ?? null }
      : splitOf(needed(flags.data, dataNeeded), flags);
  const options = {
    images: data,
    recipe: existing ? flags.recipe : needed(flags.recipe, recipeNeeded),
    set: overrides(flags),
    ...(existing ? { run: existing.path } : { weights: flags.init, partial: flags.partial }),
  };
  const { done, recipe } = await interruptible((signal) =>
    withLearner(flags, options, async (learner) => {
      const log = flags.log === undefined ? null : await openEventLog(flags.log);
      const run = existing ? {} : { run: flags.out ?? named(learner.recipe) };
      const done = await learner.train({ ...run, test, signal, ...(log && { report: log.report }) });
      log?.close();
      if (flags.log !== undefined && !done.interrupted) await projected(learner, flags.log);
      return { done, recipe: learner.recipe };
    }),
  );
  const { position, checkpoint, interrupted, loss, seconds, knnBefore, knnAfter, brokenImages } = done;
  const { init: from } = done.folder.description;
  if (from && !existing) for (const line of fitLines(from.report)) process.stderr.write(`${line}\n`);
  const progress = { position, checkpoint, interrupted, loss, seconds };
  const summary = { run: done.folder.path, ...progress, knnBefore, knnAfter, brokenImages };
  print(flags.json, summary, summaryLines(summary, recipe));
  if (interrupted) process.exitCode = interruptedCode;
}

/** Lays a run's images out for TensorBoard's projector. */
async function projected(learner: Learner, folder: string): Promise<void> {
  const { images, recipe } = learner;
  const sample = projectorSample(images, images.source.count, recipe.seed);
  const [encoder, trained] = [await learner.encoder(), await learner.trained()];
  await withImages(sample, { seed: recipe.seed }, (shown) => writeProjector(folder, encoder, trained, shown));
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
    [s.interrupted ? "loss, this epoch so far" : "loss, last epoch", Number.isNaN(s.loss) ? "none" : s.loss.toFixed(3)],
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

const resumeNeedsOut = "--resume needs --out, the folder of the run to go on with";
const recipeNeeded = "--recipe is needed: a recipe file, the name of a bundled one such as demo, or auto";
const dataNeeded = "--data is needed: the images to train on (see --help)";

/** @throws UsageError with `otherwise` if there is no value */
function needed(value: string | undefined, otherwise: string): string {
  if (value === undefined) throw new UsageError("not-given", otherwise);
  return value;
}

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
