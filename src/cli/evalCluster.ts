/** `hcsc eval cluster`: how well clusters of a run's features agree with labels. */
import { Command } from "commander";
import { type Agreement, clusterAgreement } from "../protocols/index.js";
import { percent, table } from "../text.js";
import { dataHelp, whole, wholeList, withEngineOptions } from "./options.js";
import { print } from "./print.js";
import { onRun, type RunFlags } from "./session.js";

interface Flags extends RunFlags {
  readonly clusters?: number;
  readonly levels?: readonly number[];
  readonly seed: number;
}

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
    .action(runCluster);
}

async function runCluster(flags: Flags): Promise<void> {
  const { step, result } = await onRun(flags, async (learner) => ({
    step: (await learner.trained()).checkpoint.position.step,
    result: await clusterAgreement(await learner.encoder(), learner.images, flags),
  }));
  const summary = { run: flags.run, step, ...result };
  const row = (name: string, a: Agreement) => [
    name,
    String(a.clusters),
    ...(result.labelLevels > 1 ? [String(a.labels + 1)] : []),
    ...[a.ami, a.nmi, a.ari].map((x) => x.toFixed(3)),
    percent(100 * a.purity),
  ];
  const head = ["", "clusters", ...(result.labelLevels > 1 ? ["labels"] : []), "AMI", "NMI", "ARI", "purity"];
  print(flags.json, summary, [
    ...table([
      head,
      ...result.flat.map((a) => row("k-means", a)),
      ...result.hierarchy.map((a) => row(`level ${a.level + 1}`, a)),
    ]),
    `dendrogram purity ${result.dendrogramPurity.toFixed(3)}; ${result.images} images, query backbone after step ${step}`,
  ]);
}
