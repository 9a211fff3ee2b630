/** Options that name two sets: images that learn or vote, and images held out. */
import { type Command, InvalidArgumentError } from "commander";
import { dataHelp } from "./options.js";

/** What `--split` says. */
export interface Split {
  readonly share: number;
  readonly seed: number;
}

/** `0.2`, or `0.2,7`: drawn by seed 7. */
function split(text: string): Split {
  const [, share, seed] = /^(0?\.\d+)(?:,(\d+))?$/.exec(text) ?? [];
  if (!share || !(Number(share) > 0))
    throw new InvalidArgumentError("give a share between 0 and 1, such as 0.2, and a seed behind a comma if wanted");
  return { share: Number(share), seed: Number(seed ?? 0) };
}

export const withSplitOption = (command: Command): Command =>
  command.option(
    "--split <share>",
    "in place of --test: hold so much of --data out, such as 0.2, drawn by class; 0.2,7 draws by seed 7. Each command draws the same",
    split,
  );

/** `--data`, `--test` and `--split` of a command on a run. @param what - what `--data` does */
export const withSetOptions = (command: Command, what: string): Command =>
  withSplitOption(
    command
      .option("--data <images>", `labelled images ${what}; default: those that the run was trained on; ${dataHelp}`)
      .option("--test <images>", "labelled images to classify; default: those held out when the run was trained"),
  );
