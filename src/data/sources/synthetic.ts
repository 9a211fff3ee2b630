/**
 * A synthetic set with a known hierarchy, for tests and trials: shape (coarse) × colour × texture (fine), each image with its
 * own place, size and noise.
 */
import { said, UsageError } from "../../errors.js";
import { type Random, random } from "../../random.js";
import type { ImageSource, Picture } from "./picture.js";

export interface SyntheticDescription {
  readonly kind: "synthetic";
  readonly count: number;
  readonly size: number;
  readonly seed: number;
}

/** Whether a point lies in the shape; x, y in the shape's own coordinates, −1 to 1. */
const shapes: Readonly<Record<string, (x: number, y: number) => boolean>> = {
  disc: (x, y) => x * x + y * y < 1,
  square: (x, y) => Math.max(Math.abs(x), Math.abs(y)) < 0.85,
  triangle: (x, y) => y < 0.8 && y > 2 * Math.abs(x) - 0.9,
  cross: (x, y) => (Math.abs(x) < 0.3 || Math.abs(y) < 0.3) && Math.max(Math.abs(x), Math.abs(y)) < 1,
};
const colours: Readonly<Record<string, readonly number[]>> = {
  red: [220, 60, 50],
  green: [60, 180, 75],
  blue: [60, 90, 220],
};
/** Brightness of a point, 0 to 1; x, y in pixels. */
const textures: Readonly<Record<string, (x: number, y: number) => number>> = {
  plain: () => 1,
  stripes: (x, y) => (Math.floor((x + y) / 3) % 2 === 0 ? 1 : 0.45),
};

const names = { shapes: Object.keys(shapes), colours: Object.keys(colours), textures: Object.keys(textures) };
const leaves = names.shapes.flatMap((s, a) =>
  names.colours.flatMap((c, b) => names.textures.map((t, d) => ({ name: `${s}/${c}/${t}`, path: [a, b, d] }))),
);

/** @param text - `synthetic:count=600,size=32,seed=1`; each may be left out */
export function describeSynthetic(text: string): SyntheticDescription {
  const settings = { count: 600, size: 32, seed: 1 };
  for (const part of text.slice("synthetic:".length).split(",").filter(Boolean)) {
    const [key, value] = part.split("=");
    if (!(key in settings) || !/^\d+$/.test(value ?? ""))
      throw new UsageError("wrong-value", said`${{ images: text }}: ${part} is not one of count=N, size=N, seed=N`);
    settings[key as keyof typeof settings] = Number(value);
  }
  if (settings.count < 1 || settings.size < 1)
    throw new UsageError("wrong-value", said`${{ images: text }}: count and size must be 1 or more`);
  return { kind: "synthetic", ...settings };
}

export function openSynthetic({ count, size, seed }: SyntheticDescription): ImageSource {
  const labels = Int32Array.from({ length: count }, (_, i) => i % leaves.length);
  const level = (id: (path: readonly number[]) => number) => labels.map((l) => id(leaves[l].path));
  const picture = (i: number) => draw(leaves[labels[i]].path, size, random(seed, "synthetic", i));
  return {
    count,
    labels,
    classes: leaves.map((l) => l.name),
    multilabel: null,
    hierarchy: [labels, level(([s, c]) => s * names.colours.length + c), level(([s]) => s)],
    warnings: [],
    name: (i) => `${leaves[labels[i]].name}#${i}`,
    file: () => null,
    bytes: async () => null,
    content: async (i) => picture(i).data,
    read: async (i) => picture(i),
  };
}

function draw(path: readonly number[], size: number, next: Random): Picture {
  const inside = shapes[names.shapes[path[0]]];
  const colour = colours[names.colours[path[1]]];
  const texture = textures[names.textures[path[2]]];
  const radius = size * (0.25 + 0.15 * next());
  const [cx, cy] = [0, 1].map(() => size / 2 + (next() - 0.5) * (size - 2 * radius));
  const background = 90 + 60 * next();
  const data = new Uint8Array(size * size * 3);
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const noise = 24 * (next() - 0.5);
      const hit = inside((x + 0.5 - cx) / radius, (y + 0.5 - cy) / radius);
      for (let c = 0; c < 3; c++)
        data[(y * size + x) * 3 + c] = Math.min(
          255,
          Math.max(0, (hit ? colour[c] * texture(x, y) : background) + noise),
        );
    }
  }
  return { width: size, height: size, channels: 3, data };
}
