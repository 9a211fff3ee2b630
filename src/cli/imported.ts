/** Weights from elsewhere on the command line: what of them fitted, in words, and the recipe that they ask for. */
import { basename, extname } from "node:path";
import { type Command, InvalidArgumentError } from "commander";
import { encoderSettings, initialEncoder } from "../artifacts/index.js";
import type { OpenImages } from "../data/index.js";
import { type Encoder, openTrained } from "../encoder/index.js";
import { UsageError } from "../errors.js";
import { parseRecipe, type Recipe } from "../recipe/index.js";
import { table } from "../text.js";
import { encoderWeights } from "../train/index.js";
import {
  detectEncoder,
  type FitReport,
  fitWeights,
  misfits,
  type OpenedWeights,
  openWeights,
  preprocessorOf,
} from "../weights/index.js";
import { whole } from "./options.js";
import { warn } from "./print.js";
import { type EngineFlags, withEngine, withImages } from "./session.js";

export const weightsHelp =
  ".pth or .pt of PyTorch (never run), .safetensors, .onnx, or a Hugging Face folder, with the names of torchvision, timm, MoCo, PCL, HCSC, solo-learn, lightly or Hugging Face";
export const partialHelp = "take what fits of the weights, and say what is left out; else all of the backbone must fit";

/** `--run` or, in its place, `--weights` of a command on an encoder. */
export const withEncoderOptions = (command: Command): Command =>
  command
    .option("--run <folder>", "a run folder")
    .option("--weights <file>", `in place of --run: weights from elsewhere: ${weightsHelp}`)
    .option(
      "--size <px>",
      "with --weights: side of the images; default as the folder says, else 224, or 32 of a 3×3 stem",
      side,
    );

const side = (text: string): number => {
  const size = whole(8)(text);
  if (size > 4096) throw new InvalidArgumentError("give a side from 8 to 4096");
  return size;
};

export interface EncoderFlags {
  readonly run?: string;
  readonly weights?: string;
  readonly size?: number;
}

/** Whether `--run` is given, not `--weights`. @throws UsageError unless one of them is */
export function isOfRun<F extends EncoderFlags>(flags: F): flags is F & { readonly run: string } {
  if ((flags.run === undefined) === (flags.weights === undefined))
    throw new UsageError("give --run, a run folder, or --weights, a file of weights: one of them");
  if (flags.run !== undefined && flags.size !== undefined)
    throw new UsageError("--size goes with --weights: a run has its size in its recipe");
  return flags.run !== undefined;
}

/** An encoder without an engine. */
type Chosen = Pick<Encoder, "recipe" | "weights">;

/** The query encoder of `--run`, or the one of `--weights`. */
export async function chosenEncoder(flags: EncoderFlags): Promise<Chosen> {
  if (!isOfRun(flags)) return ofFile(flags);
  const { recipe, checkpoint } = await openTrained(flags.run, warn);
  return { recipe, weights: encoderWeights(checkpoint, "query") };
}

/** The encoder of `--weights`, and what of the file fitted. */
async function ofFile({ weights: file, size }: EncoderFlags): Promise<Chosen & { readonly report: FitReport }> {
  const opened = await openWeights(file as string);
  const recipe = await recipeFor(opened, size);
  const settings = encoderSettings(recipe.encoder);
  const { weights, report } = fitWeights(opened, settings);
  return { recipe, weights: { ...initialEncoder(settings, recipe.seed), ...weights }, report };
}

/** Opens what commands on `--weights` work with: the encoder on an engine, and images. */
export async function onWeights<T>(
  flags: EngineFlags & EncoderFlags,
  data: string,
  use: (opened: { readonly encoder: Encoder; readonly images: OpenImages; readonly report: FitReport }) => Promise<T>,
): Promise<T> {
  const { report, ...chosen } = await ofFile(flags);
  return withEngine(flags, (engine) =>
    withImages(data, flags, (images) => use({ encoder: { engine, ...chosen }, images, report })),
  );
}

/** A recipe for an encoder that a file's names and shapes tell, with the images' preparation where a folder says it. */
export async function recipeFor(opened: OpenedWeights, size: number | undefined): Promise<Recipe> {
  const encoder = detectEncoder(opened);
  const said = await preprocessorOf(opened.path);
  const imageSize = size ?? said?.imageSize ?? encoder.imageSize;
  const name = basename(opened.path, extname(opened.path)).replaceAll(/[^\w.-]/g, "-") || "imported";
  return parseRecipe(
    {
      name,
      description: `weights of ${basename(opened.path)}`,
      encoder: { ...encoder, imageSize },
      method: { queue: 4096 },
      evaluation: size === undefined ? said?.evaluation : { interpolation: said?.evaluation.interpolation },
      views: said?.views,
      epochs: 100,
      batchSize: 64,
    },
    opened.path,
  );
}

/** What of a file fitted, for people. */
export const fitLines = (report: FitReport): readonly string[] => {
  const { file, format, layout, matched, others, head, summedColour } = report;
  return table([
    ["weights", file],
    ["format, names", `${format}, ${layout}`],
    ["tensors taken", String(matched)],
    ...misfits(report).map((what) => ["left out", what]),
    ["of other things", `${others} (momentum encoder, queue, classifier, counters)`],
    ["head", head === "file" ? "the file's" : "as the seed starts it: features do not need it"],
    ...(summedColour ? [["first filters", "summed over colour, for grey images"]] : []),
  ]);
};
