/** `hcsc eval semi`: fine-tuning a run's backbone with few labels, beside a random start. */
import { readFile } from "node:fs/promises";
import { everyIndex } from "../../array.js";
import { encoderSettings, initialEncoder } from "../../artifacts/index.js";
import { type ImageSource, imagesNamed } from "../../data/index.js";
import { DataError, said, UsageError } from "../../errors.js";
import { balancedSubset, classNames, labelledAmong, type SingleTargets, singleLabelsOf } from "../../eval/index.js";
import { learnBySgd, type Measured, measure } from "../../protocols/index.js";
import { percent, table } from "../../text.js";
import { protocols } from "../../train/index.js";
import { print, warn } from "../print.js";
import { type ClassifierFlags, protocolOf } from "./classifiers.js";
import { onRun } from "./session.js";
import { setsOf } from "./sets.js";

interface Flags extends ClassifierFlags {
  readonly labels: string;
}

/** Below so many updates fine-tuning hardly moves. */
const fewUpdates = 500;

export async function run(flags: Flags): Promise<void> {
  const protocol = protocolOf(protocols.fineTuning, flags);
  const sets = await setsOf(flags);
  const { step, labelled, of, results, names } = await onRun(
    { ...flags, data: sets.data },
    async (learner) => {
      const { images, recipe } = learner;
      const encoder = await learner.encoder();
      const { source, called } = images;
      const train = singleLabelsOf(source, called);
      const indices = await subsetOf(source, train.targets, flags);
      const updates = protocol.epochs * Math.floor(indices.length / Math.min(protocol.batchSize, indices.length));
      if (updates < fewUpdates)
        warn(
          `${indices.length} labels are only ${updates} updates: a smaller --batch-size or more --epochs gives more`,
        );
      const starts = {
        "pre-trained": encoder.weights,
        random: initialEncoder(encoderSettings(recipe.encoder), recipe.seed),
      };
      const results: { start: string; measured: Measured }[] = [];
      for (const [start, weights] of Object.entries(starts)) {
        const lesson = { encoder: { ...encoder, weights }, images, targets: train.targets };
        const learned = await learnBySgd(lesson, protocol, flags.seed, { indices, stage: `fine-tuning (${start})` });
        const measured = await learner.opening(sets.test)((test) => measure(learned, encoder, train, test));
        results.push({ start, measured });
      }
      const { step } = (await learner.trained()).checkpoint.position;
      return { step, labelled: indices.length, of: source.count, results, names: classNames(train) };
    },
    { seed: flags.seed, keepDecoded: true },
  );
  const shares = results.map(({ start, measured }) => {
    if (measured.kind !== "single") throw new DataError("wrong-labels", "the --test images have several labels each");
    return { start, top1: measured.top1, top5: measured.top5, confusion: measured.confusion, images: measured.images };
  });
  print(flags.json, { run: flags.run, step, labelled, of, protocol, classes: names, results: shares }, [
    ...table([
      ["backbone at the start", "top-1", "top-5"],
      ...shares.map((r) => [r.start, percent(r.top1, 2), percent(r.top5, 2)]),
    ]),
    `${shares[0].images} images after fine-tuning with ${labelled} labels of ${of}; query backbone after step ${step}`,
  ]);
}

/** The images that `--labels` leaves their labels. */
async function subsetOf(source: ImageSource, targets: SingleTargets, flags: Flags): Promise<Int32Array> {
  const [, number, percent] = /^(\d+(?:\.\d+)?)(%?)$/.exec(flags.labels) ?? [];
  const known = labelledAmong(targets, everyIndex(source.count));
  if (number === undefined) return labelledAmong(targets, await listed(source, flags.labels));
  const amount = percent ? (Number(number) / 100) * known.length : Number(number);
  if (!(amount > 0) || (!percent && !Number.isInteger(amount)) || amount > known.length)
    throw new UsageError(
      "wrong-value",
      `--labels ${flags.labels}: give a share of the ${known.length} --data images such as 1%, a whole number of them, or a file`,
    );
  const labels = known.map((i) => targets.labels[i]);
  return balancedSubset(labels, Math.round(amount), flags.seed).map((at) => known[at]);
}

/** The images that a file names, by their names or file names. */
async function listed(source: ImageSource, file: string): Promise<Int32Array> {
  const text = await readFile(file, "utf8").catch((cause) => {
    throw new UsageError(
      "missing",
      said`--labels ${{ file }}: it is neither an amount, as 1% or 500, nor a file that can be read`,
      { cause },
    );
  });
  const names = text.split(/\r?\n/).flatMap((line) => line.trim() || []);
  const { images, unknown } = imagesNamed(source, names);
  if (unknown.length > 0)
    throw new DataError(
      "wrong-entry",
      said`${{ file }} lists ${unknown.length} images that --data lacks, the first ${{ image: unknown[0] }}: name them as in --data, one a line`,
    );
  if (names.length === 0) throw new DataError("empty", said`${{ file }} lists no image`);
  return images;
}
