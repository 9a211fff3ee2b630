/** `hcsc eval knn`: labelled images classified by their nearest neighbours. */
import { Command } from "commander";
import { UsageError } from "../errors.js";
import { chosenEncoder, type EncoderFlags, withEncoderOptions } from "./imported.js";
import { knnAccuracy } from "./knn.js";
import { positive, wholeList, withEngineOptions } from "./options.js";
import { percent, print, table } from "./print.js";
import { type EngineFlags, withEngine, withImages } from "./session.js";
import { type SetFlags, type Sets, setsOf, splitOf, withSetOptions } from "./sets.js";

interface Flags extends EngineFlags, SetFlags, EncoderFlags {
  readonly k: readonly number[];
  readonly temperature: number;
}

export function evalKnnCommand(): Command {
  return withEncoderOptions(withSetOptions(withEngineOptions(new Command("knn")), "that vote"))
    .description("classify held-out images by the labels of their nearest neighbours, on the query backbone's features")
    .option("--k <list>", "neighbours, one result for each", wholeList, [20])
    .option("--temperature <x>", "of the votes' weights exp(cosine / temperature)", positive, 0.07)
    .addHelpText(
      "after",
      "\nExamples:\n  hcsc eval knn --run runs/demo --data 'data/fashion-mnist[0:8000]' --test 'data/fashion-mnist[8000:10000]' --k 10,20\n  hcsc eval knn --run runs/photos --data photos --split 0.2\n  hcsc eval knn --weights resnet50-0676ba61.pth --data photos --split 0.2",
    )
    .action(runKnn);
}

async function runKnn(flags: Flags): Promise<void> {
  const { run, recipe, weights, checkpoint, report } = await chosenEncoder(flags);
  const step = checkpoint?.position.step;
  const sets = await (run ? setsOf(flags, run) : namedSets(flags));
  const result = await withEngine(flags, (engine) =>
    withImages(sets.data, flags, (bank) =>
      knnAccuracy(engine, recipe, weights, bank, sets.test, flags, flags.k, flags.temperature),
    ),
  );
  const rows = result.all.map((r) => [`k ${r.k}`, percent(r.top1, 2), percent(r.top5, 2)]);
  const summary = {
    ...(run ? { run: run.path, step } : { weights: flags.weights, fit: report }),
    encoder: "query",
    bankImages: result.bankImages,
    testImages: result.testImages,
    results: result.all.map(({ k, top1, top5 }) => ({ k, top1, top5 })),
  };
  print(flags.json, summary, [
    ...table([["", "top-1", "top-5"], ...rows]),
    `${result.testImages} images by ${result.bankImages}; ${run ? `query backbone after step ${step}` : `weights of ${flags.weights}, ${recipe.encoder.backbone}, ${recipe.encoder.imageSize} px`}`,
  ]);
}

/** @throws UsageError unless both sets are named */
function namedSets(flags: SetFlags): Sets {
  const { data, test } = splitOf(flags.data ?? "", flags);
  if (flags.data === undefined || test === null)
    throw new UsageError("--weights needs --data, labelled images that vote, and --test or --split, those to classify");
  return { data, test };
}
