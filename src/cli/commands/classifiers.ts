/** Options of the commands that learn a linear classifier: `eval linear`, `transfer` and `semi`. */
import type { Command } from "commander";
import { positive, positiveList, whole, withEngineOptions } from "./options.js";
import { withSetOptions } from "./sets.js";

/** What all these commands take. */
export const withClassifierOptions = (command: Command): Command =>
  withSetOptions(withEngineOptions(command).requiredOption("--run <folder>", "a run folder"), "to learn from")
    .option("--epochs <n>", "in place of the authors'; the schedule's steps move along", whole(1))
    .option("--batch-size <n>", "in place of the authors'", whole(1))
    .option("--learning-rate <x>", "the classifier's, in place of the authors'", positive)
    .option("--seed <n>", "of every draw", whole(0), 0);

export const withBackboneOptions = (command: Command): Command =>
  command.option("--backbone-learning-rate <x>", "the backbone's when fine-tuned, in place of the authors'", positive);

export const withFastOptions = (command: Command): Command =>
  command
    .option("--fast", "logistic regression by L-BFGS on the features of un-augmented views, each image embedded once")
    .option(
      "--strengths <list>",
      "with --fast: inverse regularisations C as scikit-learn's; of several the best on a held-back fifth of --data",
      positiveList,
      [0.1, 1, 10, 100, 1000],
    );
