/** Someone's weights as those of an encoder here: strictly, or what fits, with a report of every tensor. */
import type { DenseArray } from "../array.js";
import { CheckpointError, type Subject, said, UsageError } from "../errors.js";
import { type BackboneName, backbones, type TensorSpec } from "../nn/index.js";
import { type EncoderSettings, encoderSettings, encoderSpecs } from "../programs/index.js";
import type { Recipe } from "../recipe/index.js";
import { type Adaptation, adaptationOf, adapted } from "./adapted.js";
import { headsOf } from "./folderConfig.js";
import { type Renamed, renamed } from "./layouts.js";
import { readWeights } from "./read.js";
import { type StoredTensor, stacked, type WeightsFile } from "./storedTensor.js";

/** What of a file of weights fitted an encoder, and what did not. */
export interface FitReport {
  readonly file: string;
  /** Kind of file. */
  readonly format: string;
  /** Whose names it has. */
  readonly layout: string;
  /** Tensors of the encoder that the file has. */
  readonly matched: number;
  /** Tensors of the encoder that it lacks; they start from the recipe's seed. */
  readonly missing: readonly string[];
  /** Those of another shape, likewise. */
  readonly wrongShape: readonly {
    readonly name: string;
    readonly file: readonly number[];
    readonly encoder: readonly number[];
  }[];
  /** Names of the file that the encoder has no place for. */
  readonly unused: readonly string[];
  /** Names of other things: the momentum encoder, queues, classifiers, counters. */
  readonly others: number;
  /** Where the head's weights are from. */
  readonly head: "file" | "seed";
  /** What was done to tensors of another shape, so that they fit. */
  readonly adapted: readonly Adaptation[];
}

export interface FittedWeights {
  /** By torchvision's names (of a transformer timm's): what the file gives. */
  readonly weights: Readonly<Record<string, DenseArray<Float32Array>>>;
  readonly report: FitReport;
}

/** A file and whose names it has. */
export interface OpenedWeights extends WeightsFile {
  readonly path: string;
  readonly sha256: string;
  readonly names: Renamed;
  /** Of attention, where it is known. */
  readonly heads: number | null;
}

/** Opens a file or folder of weights. @throws as `readWeights`; CheckpointError if it has no names that are known */
export async function openWeights(path: string): Promise<OpenedWeights> {
  const file = await readWeights(path);
  return { ...file, path, names: renamed(file.tensors, path), heads: await headsOf(path) };
}

const stems: Readonly<Record<Renamed["network"], string>> = {
  residual: "conv1.weight",
  transformer: "patch_embed.proj.weight",
};
const isHead = (name: string): boolean => name.startsWith("fc.");
const same = (a: readonly number[], b: readonly number[]): boolean => a.join() === b.join();

const tensorOf = ({ tensors, names }: OpenedWeights, name: string): StoredTensor | null =>
  stacked((names.origins.get(name) ?? []).map((original) => tensors.get(original)));

/** What fits of a file, and all that does not. */
function compared(opened: OpenedWeights, settings: EncoderSettings) {
  const specs = encoderSpecs(settings);
  const found = specs.flatMap((spec) => {
    const tensor = tensorOf(opened, spec.name);
    return tensor ? [{ spec, tensor }] : [];
  });
  const fits = ({ spec, tensor }: (typeof found)[number]) =>
    same(tensor.shape, spec.shape) || adaptationOf(spec, tensor.shape) !== null;
  const ours = new Set(specs.map((s) => s.name));
  const hasHead = specs.every((s) => !isHead(s.name) || tensorOf(opened, s.name));
  return {
    hasHead,
    usable: found.filter((f) => fits(f) && (hasHead || !isHead(f.spec.name))),
    // A file without our head is no worse for it: the head is for training.
    missing: specs.filter((s) => !tensorOf(opened, s.name) && (hasHead || !isHead(s.name))).map((s) => s.name),
    wrongShape: found
      .filter((f) => !fits(f) && (hasHead || !isHead(f.spec.name)))
      .map(({ spec, tensor }) => ({ name: spec.name, file: tensor.shape, encoder: spec.shape })),
    unused: [
      ...[...opened.names.origins].flatMap(([name, originals]) => (ours.has(name) ? [] : originals)),
      ...opened.names.unknown,
    ],
  };
}

/**
 * The weights of a file for an encoder.
 *
 * @param partial - take what fits and leave the rest out, as the report says; else every tensor of the backbone must be there, in its
 *   shape, and the backbone have a place for every one of the file's
 * @throws CheckpointError with all that does not fit, or where numbers are not finite
 */
export function fitWeights(opened: OpenedWeights, settings: EncoderSettings, partial = false): FittedWeights {
  const { path, names, format } = opened;
  const { usable, missing, wrongShape, unused, hasHead } = compared(opened, settings);
  if (!partial && missing.length + wrongShape.length + unused.length > 0) {
    const misfit = { missing, wrongShape, unused };
    const words = [...misfits(misfit), stemRemedy(wrongShape)].filter(Boolean).join("; ");
    const why = { message: words, subject: firstOf(misfit) };
    throw new CheckpointError(
      "wrong-weights",
      said`${{ file: path }} does not fit the encoder: ${why}. Choose the backbone that it is of, or take the ${usable.length} that fit, as a part`,
      { settings: ["partial"] },
    );
  }
  if (usable.length === 0)
    throw new CheckpointError("wrong-weights", said`${{ file: path }}: none of its tensors fits the encoder`);
  const weights = Object.fromEntries(
    usable.map(({ spec, tensor }) => [spec.name, { shape: spec.shape, data: sound(spec, tensor, path) }]),
  );
  const report = {
    file: path,
    format,
    layout: names.layout,
    matched: usable.length,
    missing,
    wrongShape,
    unused,
    others: names.others.length,
    head: hasHead && !wrongShape.some(({ name }) => isHead(name)) ? ("file" as const) : ("seed" as const),
    adapted: usable.flatMap(({ spec, tensor }) =>
      same(spec.shape, tensor.shape) ? [] : [adaptationOf(spec, tensor.shape) as Adaptation],
    ),
  };
  return { weights, report };
}

function sound(spec: TensorSpec, tensor: StoredTensor, path: string): Float32Array {
  const data = tensor.read();
  const isVariance = spec.name.endsWith("running_var");
  if (!data.every((x) => Number.isFinite(x) && !(isVariance && x < 0)))
    throw new CheckpointError(
      "not-finite",
      said`${{ file: path }}: ${{ tensor: spec.name }} holds numbers that are not finite${isVariance ? " or below 0" : ""}: the run that made it had failed`,
    );
  const how = same(tensor.shape, spec.shape) ? null : adaptationOf(spec, tensor.shape);
  return how ? adapted(how, data, tensor.shape, spec) : data;
}

const listed = (names: readonly string[]): string =>
  names.length > 3 ? `${names.slice(0, 3).join(", ")} and ${names.length - 3} more` : names.join(", ");

/** What does not fit, in words. */
export function misfits({
  missing,
  wrongShape,
  unused,
}: Pick<FitReport, "missing" | "wrongShape" | "unused">): readonly string[] {
  const shapes = wrongShape.map(({ name, file, encoder }) => `${name} is [${file}], [${encoder}] is needed`);
  return [
    ...(missing.length ? [`${missing.length} missing: ${listed(missing)}`] : []),
    ...(shapes.length ? [`${shapes.length} of another shape: ${listed(shapes)}`] : []),
    ...(unused.length ? [`${unused.length} without a place: ${listed(unused)}`] : []),
  ];
}

/** The first tensor that does not fit. */
function firstOf({ missing, wrongShape, unused }: Pick<FitReport, "missing" | "wrongShape" | "unused">): Subject {
  const [shaped] = wrongShape;
  if (shaped) return { tensor: shaped.name, shape: shaped.file, neededShape: shaped.encoder };
  return { tensor: [...missing, ...unused][0] };
}

function stemRemedy(wrongShape: FitReport["wrongShape"]): string {
  const first = wrongShape.find(({ name }) => Object.values(stems).includes(name));
  if (first?.file.length !== 4 || first.file[2] === first.encoder[2]) return "";
  return `its first filters are ${first.file[2]}×${first.file[3]}, the encoder's ${first.encoder[2]}×${first.encoder[3]}: a stem cannot be changed into another (resnet18 has 7×7, resnet18-small 3×3; of transformers it is the patch)`;
}

type Told = Pick<Recipe["encoder"], "backbone" | "width" | "channels" | "dimension" | "head" | "imageSize">;

/**
 * The encoder that a file is of, by names and shapes; the image size is the one that its positions are for, or the usual one of its stem.
 *
 * @throws UsageError if none here has them
 */
export function detectEncoder(opened: OpenedWeights): Told {
  const { path, names } = opened;
  const stem = stems[names.network];
  const [filters, channels, side] = tensorOf(opened, stem)?.shape ?? [];
  if (!filters || !(channels >= 1 && channels <= 16))
    throw new UsageError(
      "unknown-format",
      said`${{ file: path }}: ${filters ? `its images have ${channels} channels, 1 to 16 are known` : `${stem} is missing`}`,
    );
  const sizes = { channels, ...headOf(opened), imageSize: imageSizeOf(opened, side) } as const;
  const tried = candidates(opened, side).map((backbone) => {
    const width = filters / filtersOf(backbone, stem, sizes);
    const encoder = { backbone, width, ...sizes };
    const { missing, wrongShape, unused } = compared(opened, encoderSettings(encoder));
    const misfit = { missing, wrongShape, unused };
    // Twice the width of one may be another: the one as its name has it is meant.
    return { encoder, misfit, count: missing.length + wrongShape.length + unused.length, isNamed: width === 1 };
  });
  const best = tried.reduce<(typeof tried)[number] | null>(
    (a, b) => (a && (a.count < b.count || (a.count === b.count && (a.isNamed || !b.isNamed))) ? a : b),
    null,
  );
  const known = said`${{ file: path }} is of no backbone that is known (${Object.keys(backbones).join(", ")})`;
  if (!best)
    throw new UsageError(
      "unknown-format",
      said`${known}: a transformer with patches of ${side} px${opened.heads ? ` and ${opened.heads} heads` : ""} is none of them`,
    );
  if (best.count > 0)
    throw new UsageError(
      "unknown-format",
      said`${known}; nearest is ${best.encoder.backbone}: ${misfits(best.misfit).join("; ")}`,
    );
  return best.encoder;
}

/** The head that a file has, or else the one that training takes. */
function headOf(opened: OpenedWeights): Pick<Told, "head" | "dimension"> {
  const [last, own] = ["fc.3.weight", "fc.2.weight"].map((name) => tensorOf(opened, name)?.shape[0]);
  return last ? { head: "mlp-bn", dimension: last } : { head: "mlp", dimension: own ?? 128 };
}

function imageSizeOf(opened: OpenedWeights, side: number): number {
  if (opened.names.network === "residual") return side === 7 ? 224 : 32;
  const [, tokens = 2] = tensorOf(opened, "pos_embed")?.shape ?? [];
  return side * Math.max(1, Math.round(Math.sqrt(tokens - 1)));
}

/** MoCo v3 gives its ViT-Small twice the heads of others, which its names tell. */
const mocoHeads = 12;

/** Backbones of the file's kind; of transformers those with its patches, and its heads where they are known. */
function candidates({ names, heads }: OpenedWeights, side: number): readonly BackboneName[] {
  const isTransformer = names.network === "transformer";
  const told = heads ?? (names.layout.endsWith("base_encoder.") ? mocoHeads : null);
  return (Object.keys(backbones) as BackboneName[]).filter((name) => {
    const net = backbones[name]({ width: 1, imageSize: 224 });
    if (net.heads === undefined) return !isTransformer;
    return isTransformer && net.sideMultiple === side && (told === null || net.heads === told);
  });
}

/** Filters of a backbone's stem at its own width. */
const filtersOf = (backbone: BackboneName, stem: string, sizes: Omit<Told, "backbone" | "width">): number =>
  encoderSpecs(encoderSettings({ backbone, width: 1, ...sizes })).find(({ name }) => name === stem)?.shape[0] as number;
