/** `hcsc eval cluster`: how well clusters of a run's features agree with labels. */
import { type Agreement, clusterAgreement } from "../../protocols/index.js";
import { percent, table } from "../../text.js";
import { print } from "../print.js";
import { onRun, type RunFlags } from "./session.js";

interface Flags extends RunFlags {
  readonly clusters?: number;
  readonly levels?: readonly number[];
  readonly seed: number;
}

export async function run(flags: Flags): Promise<void> {
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
