/** `hcsc eval knn`: labelled images classified by their nearest neighbours. */
import { Command } from "commander";
import { lazily } from "./lazily.js";
import { positive, wholeList, withEngineOptions } from "./options.js";
import { withSetOptions } from "./sets.js";
import { withEncoderOptions } from "./weights.js";

export function evalKnnCommand(): Command {
  return withEncoderOptions(withSetOptions(withEngineOptions(new Command("knn")), "that vote"))
    .description("classify held-out images by the labels of their nearest neighbours, on the query backbone's features")
    .option("--k <list>", "neighbours, one result for each", wholeList, [20])
    .option("--temperature <x>", "of the votes' weights exp(cosine / temperature)", positive, 0.07)
    .addHelpText(
      "after",
      "\nExamples:\n  hcsc eval knn --run runs/demo --data 'data/fashion-mnist[0:8000]' --test 'data/fashion-mnist[8000:10000]' --k 10,20\n  hcsc eval knn --run runs/photos --data photos --split 0.2\n  hcsc eval knn --weights resnet50-0676ba61.pth --data photos --split 0.2",
    )
    .action(lazily(() => import("../actions/evalKnn.js"), "several"));
}
