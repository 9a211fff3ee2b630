/** `hcsc eval knn`: labelled images classified by their nearest neighbours. */
import type { KnnAccuracy } from "../../protocols/index.js";
import { percent, table } from "../../text.js";
import { share, type World } from "../../world/index.js";
import { print } from "../print.js";
import { type EncoderFlags, isOfRun, onWeights } from "./imported.js";
import { inWorld, within } from "./processes.js";
import { type EngineFlags, onRun, stepOf } from "./session.js";
import { namedSets, type SetFlags, type Sets, setsOf } from "./sets.js";

interface Flags extends EngineFlags, SetFlags, EncoderFlags {
  readonly verbose?: boolean;
  readonly k: readonly number[];
  readonly temperature: number;
}

export const run = (flags: Flags): Promise<void> => inWorld(flags, (world) => evaluated(world, flags));

async function evaluated(world: World, flags: Flags): Promise<void> {
  const { result, of, said } = await (isOfRun(flags) ? ofRun(world, flags) : ofWeights(world, flags));
  if (world.rank > 0) return;
  const rows = result.all.map((r) => [`k ${r.k}`, percent(r.top1, 2), percent(r.top5, 2)]);
  const summary = {
    ...of,
    encoder: "query",
    bankImages: result.bankImages,
    testImages: result.testImages,
    results: result.all.map(({ k, top1, top5 }) => ({ k, top1, top5 })),
  };
  print(flags.json, summary, [
    ...table([["", "top-1", "top-5"], ...rows]),
    `${result.testImages} images by ${result.bankImages}; ${said}`,
  ]);
}

/** The accuracy, and of what it is: as fields, and in words. */
interface Measured {
  readonly result: KnnAccuracy;
  readonly of: Readonly<Record<string, unknown>>;
  readonly said: string;
}

async function ofRun(world: World, flags: Flags & { readonly run: string }): Promise<Measured> {
  const { data, test } = share(world, world.rank === 0 ? await setsOf(flags) : null) as Sets;
  return onRun(
    { ...flags, data },
    async (learner) => {
      const step = await stepOf(world, learner);
      const result = await learner.knn(test, flags);
      return { result, of: { run: flags.run, step }, said: `query backbone after step ${step}` };
    },
    within(world),
  );
}

function ofWeights(world: World, flags: Flags): Promise<Measured> {
  const { data, test } = namedSets(flags);
  return onWeights(
    flags,
    data,
    async (learner) => {
      const { backbone, imageSize } = learner.recipe.encoder;
      const result = await learner.knn(test, flags);
      const said = `weights of ${flags.weights}, ${backbone}, ${imageSize} px`;
      return { result, of: { weights: flags.weights, fit: learner.fit }, said };
    },
    within(world),
  );
}
