/** `hcsc eval cluster`: how well clusters of a run's features agree with labels. */
import { Command } from "commander";
import { lazily } from "./lazily.js";
import { dataHelp, whole, wholeList, withEngineOptions } from "./options.js";

export function evalClusterCommand(): Command {
  return withEngineOptions(new Command("cluster"))
    .description(
      "cluster images by the query backbone's features, flat and as a hierarchy, and compare with their labels",
    )
    .requiredOption("--run <folder>", "a run folder")
    .option("--data <images>", `labelled images; default: those that the run was trained on; ${dataHelp}`)
    .option("--clusters <n>", "clusters of the flat k-means; default: as many as classes", whole(1))
    .option(
      "--levels <list>",
      "clusters at each level of the hierarchy, finest first; default: the recipe's",
      wholeList,
    )
    .option("--seed <n>", "of k-means", whole(0), 0)
    .addHelpText(
      "after",
      "\nExamples:\n  hcsc eval cluster --run runs/photos\n  hcsc eval cluster --run runs/demo --data 'data/fashion-mnist[8000:10000]'\n  hcsc eval cluster --run runs/demo --data photos --clusters 50 --levels 100,20,5",
    )
    .action(lazily(() => import("../actions/evalCluster.js")));
}
