/** `hcsc neighbors`: the images of a set that are most similar to some. */
import { table } from "../../text.js";
import { print } from "../print.js";
import { onRun, type RunFlags } from "./session.js";

interface Flags extends RunFlags {
  readonly count: number;
  readonly threshold?: number;
}

export async function run(image: string, flags: Flags): Promise<void> {
  const { data, results } = await onRun(flags, async (learner) => ({
    data: flags.data ?? learner.images.name,
    results: await learner.neighbors(image, flags),
  }));
  print(
    flags.json,
    { run: flags.run, data, results },
    results.flatMap((r) => [
      r.image,
      ...(r.neighbors.length > 0
        ? table(r.neighbors.map((n) => [`  ${n.name}`, n.cosine.toFixed(4)]))
        : ["  none of this cosine"]),
    ]),
  );
}
