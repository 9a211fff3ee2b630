/** `hcsc import`: a run of weights from elsewhere, before any training. */
import { importWeights } from "../../learner/index.js";
import { kindOfImages } from "../../recipe/index.js";
import { table } from "../../text.js";
import { print } from "../print.js";
import { fitLines } from "./imported.js";
import { terminal } from "./progress.js";
import { type SetFlags, splitOf } from "./sets.js";

interface Flags extends SetFlags {
  readonly data: string;
  readonly out: string;
  readonly recipe?: string;
  readonly size?: number;
  readonly partial?: boolean;
  readonly json?: boolean;
}

export async function run(file: string, flags: Flags): Promise<void> {
  const request = { ...splitOf(flags.data, flags), run: flags.out, recipe: flags.recipe, size: flags.size };
  const { report: tell, stop } = terminal(flags.json === true);
  const { recipe, report } = await importWeights({ file, ...request, partial: flags.partial === true }, tell);
  stop();
  const { backbone, channels, imageSize } = recipe.encoder;
  print(flags.json, { run: flags.out, recipe: recipe.name, encoder: recipe.encoder, ...report }, [
    ...fitLines(report),
    ...table([
      ["encoder", `${backbone}, ${kindOfImages(channels)}, ${imageSize} px`],
      ["run folder", flags.out],
    ]),
  ]);
}
