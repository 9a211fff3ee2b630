/** Two sets of a command: images that learn or vote, and images held out. */
import { type Command, InvalidArgumentError } from "commander";
import { everyIndex } from "../array.js";
import {
  absoluteName,
  describeSource,
  differenceOf,
  identityOf,
  type OpenImages,
  openSource,
  overlapOf,
  type SourceDescription,
  splitNames,
} from "../data/index.js";
import type { Trained } from "../encoder/index.js";
import { DataError, UsageError } from "../errors.js";
import type { Opening } from "../protocols/index.js";
import { counted } from "../text.js";
import type { RunFolder } from "../train/index.js";
import { dataHelp } from "./options.js";
import { warn } from "./print.js";
import { type EngineFlags, withImages } from "./session.js";

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

/** The sets of a command on `--weights`. @throws UsageError unless both are named */
export function namedSets(flags: SetFlags): Sets {
  const { data, test } = splitOf(flags.data ?? "", flags);
  if (flags.data === undefined || test === null)
    throw new UsageError("--weights needs --data, labelled images that vote, and --test or --split, those to classify");
  return { data, test };
}

/**
 * The sets that flags name, or else the run's. Says what of those held out the run was trained on.
 *
 * @throws UsageError if nothing is held out
 */
export const setsOf =
  (flags: SetFlags) =>
  async ({ run }: Pick<Trained, "run">): Promise<Sets> => {
    const own = run.description;
    const isOwn = flags.data === undefined;
    const { data, test } = splitOf(flags.data ?? own.data, flags);
    const held = test ?? (isOwn ? (own.test ?? null) : null);
    if (held === null)
      throw new UsageError(
        "--test is needed: labelled images to classify, or --split 0.2 to hold a fifth of --data out",
      );
    // What it shares with --data is said in any case.
    if ((await absoluteName(data)) !== own.data)
      for (const message of await trainedOn(run, await describeSource(held))) warn(message);
    return { data, test: held };
  };

/** Opens the images held out, and says what makes scores on them worth less. */
export const openTest =
  (train: Pick<OpenImages, "source" | "description">, test: string, flags: EngineFlags): Opening =>
  (use) =>
    withImages(test, { ...flags, called: "--test" }, async (images) => {
      for (const message of await doubts(train, images)) warn(message);
      return use(images);
    });

/** What of a set a run was trained on, in words: by content, or where the run's images are gone by names and sizes. */
export async function trainedOn(run: RunFolder, description: SourceDescription): Promise<readonly string[]> {
  if (run.description.sessions?.length === 0) return []; // imported weights, which no image here has moved
  const test = openSource(description);
  const { data } = run.description;
  const identity = await run.images();
  const known = await describeSource(data).catch((error) => {
    if (error instanceof DataError || error instanceof UsageError) return null;
    throw error;
  });
  const isThere = known && (!identity || differenceOf(identity, await identityOf(openSource(known))) === null);
  if (isThere) {
    const { same, copies } = await overlapOf(known, description);
    return trainedOnWords([...same, ...copies.map(([i]) => i)], test, "among the images");
  }
  const sizes = new Map(identity?.images);
  const alike = (await identityOf(test)).images.flatMap(([name, bytes], i) =>
    bytes !== null && sizes.get(name) === bytes ? [i] : [],
  );
  return [
    `the images that the run was trained on are no longer those of ${data}: which test images are among them is told by names and sizes alone`,
    ...trainedOnWords(alike, test, "by name and size among the images"),
  ];
}

const trainedOnWords = (images: readonly number[], test: OpenImages["source"], how: string): readonly string[] =>
  images.length === 0
    ? []
    : [
        `${images.length} of the ${counted(test.count, "test image")} are ${how} that the run was trained on (without their labels), the first ${test.name(Math.min(...images))}: scores on images that are new to it may be lower. Train with --split 0.2 to hold a part out`,
      ];

/** What makes scores of a classifier of `train` on `test` worth less, in words. */
export async function doubts(
  train: Pick<OpenImages, "source" | "description">,
  test: Pick<OpenImages, "source" | "description">,
): Promise<readonly string[]> {
  const { same, copies } = await overlapOf(train.description, test.description);
  const found: string[] = [];
  if (same.length > 0)
    found.push(
      `${same.length} of the ${counted(test.source.count, "test image")} are among the --data images too, the first ${test.source.name(same[0])}: they are classified by themselves, and scores say nothing of new images. Give --split 0.2 in place of --test to hold a part out`,
    );
  if (copies.length > 0) {
    const [copy, known] = copies[0];
    found.push(
      `${copies.length} of the ${counted(test.source.count, "test image")} are copies of --data images, byte for byte, the first ${test.source.name(copy)}, of ${train.source.name(known)}: they are classified by themselves, and scores say less of new images. Remove one of each`,
    );
  }
  if (!train.source.labels || !test.source.labels || !test.source.classes) return found;
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
  const asked = everyIndex(test.source.count).filter((i) => labels[i] >= 0);
  const unknown = asked.filter((i) => !learned.has(nameOf(test)(labels[i])));
  if (unknown.length > 0 && train.source.classes)
    found.push(
      `${unknown.length} of the ${counted(asked.length, "labelled test image")} are of classes that no --data image has, the first ${nameOf(test)(labels[unknown[0]])}: none of them can be right. A range of a set sorted by class does this; --split 0.2 holds out some of each class`,
    );
  return found;
}
