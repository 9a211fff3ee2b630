/** `hcsc export`: an encoder as files that others load, how to feed it, and a card that says what it is. */
import { join } from "node:path";
import { type ExportFormat, exportModel, formsOf, openTrained, type StoredAccuracy } from "../../encoder/index.js";
import type { Learner } from "../../learner/index.js";
import { storedKnn } from "../../protocols/index.js";
import { percent, table } from "../../text.js";
import { print, warn } from "../print.js";
import { chosenEncoder, type EncoderFlags, isOfRun, onWeights } from "./imported.js";
import { type EngineFlags, onRun } from "./session.js";
import { namedSets, type SetFlags, setsOf } from "./sets.js";

interface Flags extends EncoderFlags, EngineFlags, SetFlags {
  readonly out: string;
  readonly format: ExportFormat;
}

export async function run(flags: Flags): Promise<void> {
  const { origin, ...chosen } = await chosenEncoder(flags);
  const found = await measured(flags);
  const accuracy = found && { ...found, command: `hcsc eval knn --k ${found.k}` };
  const { preprocessing, files } = await exportModel(chosen, flags.out, flags.format, { origin, accuracy });
  const top1 = Object.entries(accuracy?.top1 ?? {});
  print(flags.json, { folder: flags.out, files: files.map(({ name }) => name), accuracy, ...preprocessing }, [
    ...table(files.map(({ name, what }) => [join(flags.out, name), what])),
    ...(top1.length > 0 ? table(top1.map(([form, share]) => [`kNN with weights in ${form}`, percent(share, 2)])) : []),
  ]);
}

/** kNN by how weights are stored, where images to measure on are named, or known of a run whose weights are stored otherwise. */
async function measured(flags: Flags): Promise<StoredAccuracy | null> {
  const forms = formsOf(flags.format);
  const isNamed = flags.data !== undefined || flags.test !== undefined || flags.split !== undefined;
  const ofSet = (test: string) => async (learner: Learner) =>
    storedKnn(await learner.encoder(), learner.images, learner.opening(test), forms);
  if (!isOfRun(flags)) {
    if (!isNamed) return null;
    const { data, test } = namedSets(flags);
    return onWeights(flags, data, ofSet(test));
  }
  const { run } = await openTrained(flags.run, warn);
  const isKnown = forms.length > 0 && (run.description.test ?? null) !== null;
  if (!isNamed && !isKnown) return null;
  const { data, test } = await setsOf(flags);
  return onRun({ ...flags, data }, ofSet(test));
}
