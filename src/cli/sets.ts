/** Two sets of a command: images that learn or vote, and images held out. */
import { type Command, InvalidArgumentError } from "commander";
import { imageKeys, splitNames } from "../data/index.js";
import { UsageError } from "../errors.js";
import type { RunDescription } from "../train/index.js";
import { labelledAmong, labelsOf } from "./labels.js";
import { dataHelp } from "./options.js";
import { counted } from "./print.js";
import { type EngineFlags, everyIndex, type ImageSession, warn, withImages } from "./session.js";

export interface SetFlags {
  readonly data?: string;
  readonly test?: string;
  readonly split?: Split;
}

/** The names of two sets. */
export interface Sets {
  readonly data: string;
  readonly test: string;
}

interface Split {
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

/** `--split` as names of sets. */
export function splitOf(
  data: string,
  { test, split }: SetFlags,
): { readonly data: string; readonly test: string | null } {
  if (!split) return { data, test: test ?? null };
  if (test !== undefined)
    throw new UsageError("--test and --split exclude each other: --split makes the held-out part");
  return splitNames(data, split.share, split.seed);
}

/** The sets that flags name, or else the run's. @throws UsageError if nothing is held out */
export function setsOf(flags: SetFlags, run: RunDescription): Sets {
  const isOwn = flags.data === undefined;
  const { data, test } = splitOf(flags.data ?? run.data, flags);
  const held = test ?? (isOwn ? (run.test ?? null) : null);
  if (held === null)
    throw new UsageError("--test is needed: labelled images to classify, or --split 0.2 to hold a fifth of --data out");
  return { data, test: held };
}

type Images = Omit<ImageSession, "engine">;

/** Opens the images held out, and says what makes scores on them worth less. */
export const withTest = <T>(
  train: Pick<Images, "source" | "description">,
  test: string,
  flags: EngineFlags,
  use: (images: Images) => Promise<T>,
): Promise<T> =>
  withImages(test, flags, (images) => {
    for (const message of doubts(train, images)) warn(message);
    return use(images);
  });

/** What makes scores of a classifier of `train` on `test` worth less, in words. */
export function doubts(
  train: Pick<Images, "source" | "description">,
  test: Pick<Images, "source" | "description">,
): readonly string[] {
  const [known, keys] = [imageKeys(train.description), imageKeys(test.description)];
  const seen = new Set(Array.from(everyIndex(train.source.count), known));
  const shared = everyIndex(test.source.count).filter((i) => seen.has(keys(i)));
  const found: string[] = [];
  if (shared.length > 0)
    found.push(
      `${shared.length} of the ${counted(test.source.count, "test image")} are among the --data images too, the first ${test.source.name(shared[0])}: they are classified by themselves, and scores say nothing of new images. Give --split 0.2 in place of --test to hold a part out`,
    );
  if (!train.source.labels || !test.source.labels || !test.source.classes) return found;
  const [own, other] = [train, test].map(({ source }) => labelsOf(source, ""));
  const nameOf =
    ({ source }: typeof train) =>
    (id: number) =>
      source.classes?.[id] ?? String(id);
  const learned = new Set(
    Array.from(
      train.source.labels.filter((id) => id >= 0),
      nameOf(train),
    ),
  );
  const { labels } = test.source;
  const asked = labelledAmong(other.targets, everyIndex(test.source.count));
  const unknown = asked.filter((i) => !learned.has(nameOf(test)(labels[i])));
  if (unknown.length > 0 && own.classes)
    found.push(
      `${unknown.length} of the ${counted(asked.length, "labelled test image")} are of classes that no --data image has, the first ${nameOf(test)(labels[unknown[0]])}: none of them can be right. A range of a set sorted by class does this; --split 0.2 holds out some of each class`,
    );
  return found;
}
