/** Someone's weights as those of an encoder here: strictly, or what fits, with a report of every tensor. */
import type { DenseArray } from "../array.js";
import { type EncoderSettings, encoderSettings, encoderSpecs } from "../artifacts/index.js";
import { CheckpointError, type Subject, said, UsageError } from "../errors.js";
import { type BackboneName, backbones, type TensorSpec } from "../nn/index.js";
import type { Recipe } from "../recipe/index.js";
import { type Renamed, renamed } from "./layouts.js";
import { readWeights } from "./read.js";
import type { StoredTensor, WeightsFile } from "./storedTensor.js";

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
  /** The first filters, which saw colour, were summed over it. */
  readonly summedColour: boolean;
}

export interface FittedWeights {
  /** By torchvision name: what the file gives. */
  readonly weights: Readonly<Record<string, DenseArray<Float32Array>>>;
  readonly report: FitReport;
}

/** A file and whose names it has. */
export interface OpenedWeights extends WeightsFile {
  readonly path: string;
  readonly sha256: string;
  readonly names: Renamed;
}

/** Opens a file or folder of weights. @throws as `readWeights`; CheckpointError if it has no names of a residual network */
export async function openWeights(path: string): Promise<OpenedWeights> {
  const file = await readWeights(path);
  return { ...file, path, names: renamed(file.tensors, path) };
}

const stem = "conv1.weight";
const isHead = (name: string): boolean => name.startsWith("fc.");
const same = (a: readonly number[], b: readonly number[]): boolean => a.join() === b.join();
const isSummable = (spec: TensorSpec, [filters, channels, ...kernel]: readonly number[]): boolean =>
  spec.name === stem && channels === 3 && same([filters, 1, ...kernel], spec.shape);

const tensorOf = ({ tensors, names }: OpenedWeights, name: string): StoredTensor | undefined =>
  tensors.get(names.origins.get(name) ?? "");

/** What fits of a file, and all that does not. */
function compared(opened: OpenedWeights, settings: EncoderSettings) {
  const specs = encoderSpecs(settings);
  const found = specs.flatMap((spec) => {
    const tensor = tensorOf(opened, spec.name);
    return tensor ? [{ spec, tensor }] : [];
  });
  const fits = ({ spec, tensor }: (typeof found)[number]) =>
    same(tensor.shape, spec.shape) || isSummable(spec, tensor.shape);
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
      ...[...opened.names.origins].flatMap(([name, original]) => (ours.has(name) ? [] : [original])),
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
    summedColour: usable.some(({ spec, tensor }) => !same(spec.shape, tensor.shape)),
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
  return same(tensor.shape, spec.shape) ? data : summed(data, tensor.shape);
}

/** Filters [F, C, H, W] summed over C: what they give of an image whose channels are all alike. */
function summed(data: Float32Array, [filters, channels, height, width]: readonly number[]): Float32Array {
  const area = height * width;
  const out = new Float32Array(filters * area);
  for (let f = 0; f < filters; f++)
    for (let c = 0; c < channels; c++)
      for (let i = 0; i < area; i++) out[f * area + i] += data[(f * channels + c) * area + i];
  return out;
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
  const first = wrongShape.find(({ name }) => name === stem);
  if (first?.file.length !== 4 || first.file[2] === first.encoder[2]) return "";
  return `its first filters are ${first.file[2]}×${first.file[3]}, the encoder's ${first.encoder[2]}×${first.encoder[3]}: a stem cannot be changed into another (resnet18 has 7×7, resnet18-small 3×3)`;
}

/**
 * The encoder that a file is of, by names and shapes; the image size is the usual one of its stem.
 *
 * @throws UsageError if none here has them
 */
export function detectEncoder(
  opened: OpenedWeights,
): Pick<Recipe["encoder"], "backbone" | "width" | "channels" | "dimension" | "imageSize"> {
  const [filters, channels, side] = tensorOf(opened, stem)?.shape ?? [];
  const dimension = tensorOf(opened, "fc.2.weight")?.shape[0] ?? 128;
  if (!filters || (channels !== 1 && channels !== 3))
    throw new UsageError(
      "unknown-format",
      said`${{ file: opened.path }}: ${filters ? `its images have ${channels} channels, 1 and 3 are known` : `${stem} is missing`}`,
    );
  const sizes = { channels, dimension, imageSize: side === 7 ? 224 : 32 } as const;
  const tried = (Object.keys(backbones) as BackboneName[]).map((backbone) => {
    const width = filters / filtersOf(backbone, sizes);
    const encoder = { backbone, width, ...sizes };
    const { missing, wrongShape, unused } = compared(opened, encoderSettings(encoder));
    return {
      encoder,
      misfit: { missing, wrongShape, unused },
      count: missing.length + wrongShape.length + unused.length,
    };
  });
  const best = tried.reduce((a, b) => (b.count < a.count ? b : a));
  if (best.count > 0)
    throw new UsageError(
      "unknown-format",
      said`${{ file: opened.path }} is of no backbone that is known (${Object.keys(backbones).join(", ")}); nearest is ${best.encoder.backbone}: ${misfits(best.misfit).join("; ")}`,
    );
  return best.encoder;
}

/** Filters of a backbone's stem at its own width. */
const filtersOf = (
  backbone: BackboneName,
  sizes: Pick<EncoderSettings, "channels" | "dimension" | "imageSize">,
): number =>
  encoderSpecs(encoderSettings({ backbone, width: 1, ...sizes })).find(({ name }) => name === stem)?.shape[0] as number;
