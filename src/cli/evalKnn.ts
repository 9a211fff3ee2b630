/** `hcsc eval knn`: labelled images classified by their nearest neighbours. */
import { Command } from "commander";
import { knnAccuracy } from "../protocols/index.js";
import { percent, table } from "../text.js";
import { positive, wholeList, withEngineOptions } from "./options.js";
import { print } from "./print.js";
import { onRun, type RunFlags } from "./session.js";
import { openTest, type SetFlags, setsOf, withSetOptions } from "./sets.js";

interface Flags extends RunFlags, SetFlags {
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
  const { step, result } = await onRun(flags, setsOf(flags), async ({ encoder, images, sets, checkpoint }) => ({
    step: checkpoint.position.step,
    result: await knnAccuracy(encoder, images, openTest(images, sets.test, flags), flags),
  }));
  const rows = result.all.map((r) => [`k ${r.k}`, percent(r.top1, 2), percent(r.top5, 2)]);
  const summary = {
    run: flags.run,
    step,
    encoder: "query",
    bankImages: result.bankImages,
    testImages: result.testImages,
    results: result.all.map(({ k, top1, top5 }) => ({ k, top1, top5 })),
  };
  print(flags.json, summary, [
    ...table([["", "top-1", "top-5"], ...rows]),
    `${result.testImages} images by ${result.bankImages}; query backbone after step ${step}`,
  ]);
}
