/** Random views for contrastive training, as MoCo v2 and torchvision draw them. */
import { said, UsageError } from "../../errors.js";
import type { Random } from "../../random.js";
import { permutation } from "../../random.js";
import type { Picture } from "../source.js";
import { Canvas } from "./canvas.js";
import type { Operation } from "./operations.js";
import type { Box } from "./resample.js";

/** How random views are drawn. A strength or probability of 0 leaves its step out. */
export interface ViewPolicy {
  /** Side of the view in pixels. */
  readonly size: number;
  /** Channels of the view. A colour image becomes luma for 1, a grey one is repeated for 3; others must have as many. */
  readonly channels: number;
  /** Range of the crop's area, as a share of the image's. */
  readonly scale: readonly [number, number];
  /** Range of the crop's width / height. */
  readonly ratio: readonly [number, number];
  /** Factors are uniform in [1 - x, 1 + x] (at least 0), the hue's turn in [-x, x]. */
  readonly jitter: {
    readonly brightness: number;
    readonly contrast: number;
    readonly saturation: number;
    readonly hue: number;
    readonly probability: number;
  };
  readonly grayscaleProbability: number;
  readonly blur: { readonly sigma: readonly [number, number]; readonly probability: number };
  readonly flipProbability: number;
}

/**
 * The steps of one view. Draws, in order: the crop's (see `drawBox`); whether to jitter and, if so, the order (a permutation
 * of four) and the factors of brightness, contrast, saturation and hue; whether to grey; whether to blur and, if so, σ;
 * whether to mirror.
 */
export function drawView(
  image: { readonly height: number; readonly width: number },
  policy: ViewPolicy,
  random: Random,
): readonly Operation[] {
  const { jitter, blur } = policy;
  const steps: Operation[] = [];
  steps.push({
    op: "resizedCrop",
    ...drawBox(image.height, image.width, policy.scale, policy.ratio, random),
    size: policy.size,
  });
  if (random() < jitter.probability) {
    const order = permutation(4, random);
    const factor = (strength: number) => uniform(Math.max(0, 1 - strength), 1 + strength, random);
    const changes: readonly (readonly [number, Operation])[] = [
      [jitter.brightness, { op: "brightness", factor: factor(jitter.brightness) }],
      [jitter.contrast, { op: "contrast", factor: factor(jitter.contrast) }],
      [jitter.saturation, { op: "saturation", factor: factor(jitter.saturation) }],
      [jitter.hue, { op: "hue", factor: uniform(-jitter.hue, jitter.hue, random) }],
    ];
    for (const i of order) {
      const [strength, change] = changes[i];
      if (strength > 0) steps.push(change);
    }
  }
  if (random() < policy.grayscaleProbability) steps.push({ op: "grayscale" });
  if (random() < blur.probability)
    steps.push({ op: "gaussianBlur", sigma: uniform(blur.sigma[0], blur.sigma[1], random) });
  if (random() < policy.flipProbability) steps.push({ op: "horizontalFlip" });
  return steps;
}

/**
 * Writes a random view of `picture`, `[channels, size, size]`, to `out` from `offset`.
 *
 * @param random - the only source of its choices; see {@link drawView} for their order
 */
export function randomView(
  picture: Picture,
  policy: ViewPolicy,
  random: Random,
  out: Uint8Array,
  offset: number,
): void {
  writeView(picture, drawView(picture, policy, random), policy.channels, out, offset);
}

/** What means something of any channels; the rest is of colours. */
const geometric: ReadonlySet<Operation["op"]> = new Set([
  "resizedCrop",
  "resize",
  "centerCrop",
  "gaussianBlur",
  "horizontalFlip",
]);

const isColour = (channels: number): boolean => channels === 1 || channels === 3;

/**
 * Writes the view of `picture` that `steps` make, `[channels, height, width]`, to `out` from `offset`. Of a picture that is neither grey
 * nor in colour each channel is taken by itself, and steps of colour are left out.
 *
 * @throws UsageError if the picture has other channels than the view
 */
export function writeView(
  picture: Picture,
  steps: readonly Operation[],
  channels: number,
  out: Uint8Array,
  offset: number,
): void {
  if (!isColour(channels) || !isColour(picture.channels)) {
    writeChannels(
      picture,
      steps.filter(({ op }) => geometric.has(op)),
      channels,
      out,
      offset,
    );
    return;
  }
  const canvas = new Canvas(picture);
  if (channels === 1) canvas.apply([{ op: "grayscale" }]);
  canvas.apply(steps).write(channels, out, offset);
}

function writeChannels(
  { width, height, channels: own, data }: Picture,
  steps: readonly Operation[],
  channels: number,
  out: Uint8Array,
  offset: number,
): void {
  if (own !== channels)
    throw new UsageError(
      "wrong-value",
      said`the image has ${own} channels, the recipe ${channels}: give images of ${channels}, or ${{ field: "encoder.channels" }}=${own}`,
    );
  const plane = new Uint8Array(width * height);
  let at = offset;
  for (let c = 0; c < channels; c++) {
    for (let p = 0; p < plane.length; p++) plane[p] = data[p * own + c];
    at += new Canvas({ width, height, channels: 1, data: plane }).apply(steps).write(1, out, at);
  }
}

/**
 * The crop's box: up to ten times a share of the area (uniform) and a ratio (log-uniform), and if that box fits, its top and
 * left; else the largest central box whose ratio is allowed.
 */
function drawBox(
  height: number,
  width: number,
  scale: readonly [number, number],
  ratio: readonly [number, number],
  random: Random,
): Box {
  const [low, high] = ratio;
  for (let tries = 0; tries < 10; tries++) {
    const area = uniform(scale[0], scale[1], random) * height * width;
    const aspect = Math.exp(uniform(Math.log(low), Math.log(high), random));
    const w = Math.round(Math.sqrt(area * aspect));
    const h = Math.round(Math.sqrt(area / aspect));
    if (w > 0 && w <= width && h > 0 && h <= height) {
      const top = Math.floor(random() * (height - h + 1));
      return { top, left: Math.floor(random() * (width - w + 1)), height: h, width: w };
    }
  }
  const own = width / height;
  const w = own > high ? Math.max(1, Math.min(width, Math.round(height * high))) : width;
  const h = own < low ? Math.max(1, Math.min(height, Math.round(width / low))) : height;
  return { top: Math.floor((height - h) / 2), left: Math.floor((width - w) / 2), height: h, width: w };
}

function uniform(low: number, high: number, random: Random): number {
  return low + (high - low) * random();
}
