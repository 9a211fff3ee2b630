/** A run's images as TensorBoard's projector shows them: their features as points, each with its picture, name, label and clusters. */
import { join } from "node:path";
import type { NamedSet, OpenImages } from "../data/index.js";
import { type Encoder, encoderOf, placesOf, readableVectors, type Trained } from "../encoder/index.js";
import { sampled } from "../report/index.js";
import { makeFolder, writeAtomically } from "../tensorfile/index.js";
import { hasHierarchy, learnedHierarchy } from "../train/index.js";
import { tileOf } from "./sheets.js";

/** Points that a browser turns smoothly. */
const mostPoints = 5000;
/** Sides of pictures: 71 of them are less than the 8,192 pixels that a sprite may have. */
const side = 48;

/**
 * Writes `projector_config.pbtxt` into a folder of event files, and what it names into `projector/` there.
 *
 * @param query - the encoder whose features are shown
 * @param images - a sample, as `projectorSample` gives it; those that cannot be read are left out
 * @throws DataError if a file cannot be written
 */
export async function writeProjector(
  folder: string,
  query: Encoder,
  trained: Trained,
  images: OpenImages,
): Promise<readonly string[]> {
  const { source } = images;
  const places = hasHierarchy(trained.checkpoint)
    ? await placesOf(encoderOf(trained, query.engine, "key"), learnedHierarchy(trained.checkpoint), images)
    : null;
  const { kept, features } = await readableVectors(query, images);
  const width = features.shape[1];
  const points = Array.from(kept, (_, row) => features.data.subarray(row * width, (row + 1) * width).join("\t"));
  const labelOf = (i: number): string => {
    const id = source.labels?.[i] ?? -1;
    return id < 0 ? "" : (source.classes?.[id] ?? String(id));
  };
  const levels = places?.clusters ?? [];
  const about = [
    ["name", ...(source.labels ? ["label"] : []), ...levels.map((_, l) => `cluster_${l + 1}`)],
    ...Array.from(kept, (i) => [
      source.name(i),
      ...(source.labels ? [labelOf(i)] : []),
      ...levels.map((ids) => String(ids[i])),
    ]),
  ];
  const cell = (text: string): string => text.replaceAll(/[\t\r\n]/g, " ");
  const files: Readonly<Record<string, Uint8Array>> = {
    "projector/features.tsv": lines(points),
    "projector/about.tsv": lines(about.map((cells) => cells.map(cell).join("\t"))),
    "projector/sprite.png": await spriteOf(images, kept),
    "projector_config.pbtxt": lines(configuration),
  };
  await makeFolder(join(folder, "projector"));
  for (const [name, content] of Object.entries(files)) await writeAtomically(join(folder, name), content);
  return Object.keys(files).map((name) => join(folder, name));
}

/** A set, or what of it the projector shows: at most 5,000 images, drawn by seed. */
export function projectorSample({ name, description }: NamedSet, count: number, seed: number): NamedSet {
  const places = sampled(count, mostPoints, seed);
  const { whole, chosen } = description;
  return { name, description: { whole, chosen: chosen ? places.map((i) => chosen[i]) : places } };
}

const configuration = [
  "embeddings {",
  '  tensor_name: "features"',
  '  tensor_path: "projector/features.tsv"',
  '  metadata_path: "projector/about.tsv"',
  "  sprite {",
  '    image_path: "projector/sprite.png"',
  `    single_image_dim: ${side}`,
  `    single_image_dim: ${side}`,
  "  }",
  "}",
];

const lines = (texts: readonly string[]): Uint8Array => new TextEncoder().encode(texts.map((t) => `${t}\n`).join(""));

/** Pictures in order, row by row of a square. */
async function spriteOf({ source }: OpenImages, kept: Int32Array): Promise<Uint8Array> {
  const columns = Math.ceil(Math.sqrt(kept.length));
  const whole = columns * side;
  const sheet = new Uint8Array(whole * whole * 3);
  for (const [at, image] of kept.entries()) {
    const tile = await tileOf(await source.read(image), side);
    const from = (Math.floor(at / columns) * side * whole + (at % columns) * side) * 3;
    for (let y = 0; y < side; y++) sheet.set(tile.subarray(y * side * 3, (y + 1) * side * 3), from + y * whole * 3);
  }
  const { default: sharp } = await import("sharp");
  return sharp(sheet, { raw: { width: whole, height: whole, channels: 3 } })
    .png()
    .toBuffer();
}
