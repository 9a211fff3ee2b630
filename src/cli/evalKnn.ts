/** `hcsc eval knn`: labelled images classified by their nearest neighbours. */
import { Command } from "commander";
import { encoderWeights, lastSoundCheckpoint, RunFolder } from "../train/index.js";
import { knnAccuracy } from "./knn.js";
import { positive, wholeList, withEngineOptions } from "./options.js";
import { percent, print, table } from "./print.js";
import { type EngineFlags, withEngine, withImages } from "./session.js";
import { type SetFlags, setsOf, withSetOptions } from "./sets.js";

interface Flags extends EngineFlags, SetFlags {
  readonly run: string;
  readonly k: readonly number[];
  readonly temperature: number;
}

export function evalKnnCommand(): Command {
  return withSetOptions(withEngineOptions(new Command("knn")), "that vote")
    .description("classify held-out images by the labels of their nearest neighbours, on the query backbone's features")
    .requiredOption("--run <folder>", "a run folder")
    .option("--k <list>", "neighbours, one result for each", wholeList, [20])
    .option("--temperature <x>", "of the votes' weights exp(cosine / temperature)", positive, 0.07)
    .addHelpText(
      "after",
      "\nExamples:\n  hcsc eval knn --run runs/demo --data 'data/fashion-mnist[0:8000]' --test 'data/fashion-mnist[8000:10000]' --k 10,20\n  hcsc eval knn --run runs/photos --data photos --split 0.2",
    )
    .action(runKnn);
}

async function runKnn(flags: Flags): Promise<void> {
  const run = await RunFolder.open(flags.run);
  const checkpoint = await lastSoundCheckpoint(run);
  const sets = await setsOf(flags, run);
  const result = await withEngine(flags, (engine) =>
    withImages(sets.data, flags, (bank) =>
      knnAccuracy(
        engine,
        run.description.recipe,
        encoderWeights(checkpoint, "query"),
        bank,
        sets.test,
        flags,
        flags.k,
        flags.temperature,
      ),
    ),
  );
  const rows = result.all.map((r) => [`k ${r.k}`, percent(r.top1, 2), percent(r.top5, 2)]);
  const summary = {
    run: flags.run,
    step: checkpoint.position.step,
    encoder: "query",
    bankImages: result.bankImages,
    testImages: result.testImages,
    results: result.all.map(({ k, top1, top5 }) => ({ k, top1, top5 })),
  };
  print(flags.json, summary, [
    ...table([["", "top-1", "top-5"], ...rows]),
    `${result.testImages} images by ${result.bankImages}; query backbone after step ${checkpoint.position.step}`,
  ]);
}
