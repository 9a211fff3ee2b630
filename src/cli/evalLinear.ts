/** `hcsc eval linear`: a linear classifier on a run's frozen features. */
import { Command } from "commander";
import { linearProbe } from "../eval/index.js";
import { logisticOn } from "../runtime/index.js";
import { encoderWeights, latestCheckpoint, RunFolder } from "../train/index.js";
import { dataHelp, positiveList, whole, withEngineOptions } from "./options.js";
import { percent, print, table } from "./print.js";
import { type EngineFlags, withEngine, withImages } from "./session.js";
import { inClassesOf, labelledFeatures } from "./vectors.js";

interface Flags extends EngineFlags {
  readonly run: string;
  readonly data: string;
  readonly test: string;
  readonly strengths: readonly number[];
  readonly seed: number;
  readonly json?: boolean;
}

export function evalLinearCommand(): Command {
  return withEngineOptions(new Command("linear"))
    .description("train a linear classifier (logistic regression) on the query backbone's frozen features")
    .requiredOption("--run <folder>", "a run folder")
    .requiredOption("--data <images>", `labelled images to train on; ${dataHelp}`)
    .requiredOption("--test <images>", "labelled images to classify")
    .option(
      "--strengths <list>",
      "inverse regularisations C as scikit-learn's; of several the best on a held-back fifth of --data",
      positiveList,
      [0.1, 1, 10, 100, 1000],
    )
    .option("--seed <n>", "of the fifth held back", whole(0), 0)
    .addHelpText(
      "after",
      "\nExample:\n  hcsc eval linear --run runs/demo --data 'data/fashion-mnist[0:8000]' --test 'data/fashion-mnist[8000:10000]'",
    )
    .action(runLinear);
}

async function runLinear(flags: Flags): Promise<void> {
  const run = await RunFolder.open(flags.run);
  const checkpoint = await latestCheckpoint(run);
  const weights = encoderWeights(checkpoint, "query");
  const { recipe } = run.description;
  const { classes, result, images } = await withEngine(flags, async (engine) => {
    const of = (data: string, name: string) =>
      withImages(data, flags, (images) => labelledFeatures(engine, recipe, weights, images, name));
    const train = await of(flags.data, "--data");
    const test = inClassesOf(train, await of(flags.test, "--test"));
    const options = { objective: logisticOn(engine), strengths: flags.strengths, seed: flags.seed };
    return {
      classes: train.classes,
      images: { train: train.labels.length, test: test.labels.length },
      result: await linearProbe(train, test, options),
    };
  });
  const { classifier, confusion, top1, top5, tried } = result;
  const { strength, iterations, converged } = classifier;
  const summary = {
    run: flags.run,
    step: checkpoint.position.step,
    top1,
    top5,
    strength,
    tried,
    iterations,
    converged,
  };
  const names = confusion.map((_, c) => classes?.[c] ?? String(c));
  print(flags.json, { ...summary, images, classes: names, confusion }, [
    ...table([
      ["top-1", percent(top1, 2)],
      ["top-5", percent(top5, 2)],
      ["C", String(strength)],
    ]),
    "",
    ...table([["true \\ predicted", ...names], ...confusion.map((row, c) => [names[c], ...row.map(String)])]),
    `${images.test} images by a classifier of ${images.train}; query backbone after step ${checkpoint.position.step}${converged ? "" : "; not converged"}`,
  ]);
}
