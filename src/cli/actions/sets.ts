/** Two sets of a command: images that learn or vote, and images held out. */
import { splitNames } from "../../data/index.js";
import { onDisk } from "../../disk/index.js";
import { UsageError } from "../../errors.js";
import { RunFolder } from "../../train/index.js";
import type { Split } from "../commands/sets.js";

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

/** The name of a set, and of one that is held out of it or beside it, if any is. */
export interface SplitSets {
  readonly data: string;
  readonly test: string | null;
}

/** `--split` as names of sets. */
export function splitOf(data: string, { test, split }: SetFlags): SplitSets {
  if (!split) return { data, test: test ?? null };
  if (test !== undefined)
    throw new UsageError("contradiction", "--test and --split exclude each other: --split makes the held-out part");
  return splitNames(data, split.share, split.seed);
}

/** The sets that flags name, or else the run's. @throws UsageError if nothing is held out */
export async function setsOf(flags: SetFlags & { readonly run: string }): Promise<Sets> {
  const { description: own } = await RunFolder.open(onDisk(flags.run));
  const { data, test } = splitOf(flags.data ?? own.data, flags);
  const held = test ?? (flags.data === undefined ? (own.test ?? null) : null);
  if (held === null)
    throw new UsageError(
      "not-given",
      "--test is needed: labelled images to classify, or --split 0.2 to hold a fifth of --data out",
    );
  return { data, test: held };
}

/** The sets of a command on `--weights`. @throws UsageError unless both are named */
export function namedSets(flags: SetFlags): Sets {
  const { data, test } = splitOf(flags.data ?? "", flags);
  if (flags.data === undefined || test === null)
    throw new UsageError(
      "not-given",
      "--weights needs --data, labelled images that vote, and --test or --split, those to classify",
    );
  return { data, test };
}
