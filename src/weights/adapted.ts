/** Tensors of another shape that can be made to fit, and how: a table. */
import { resampledPositions, type TensorSpec } from "../nn/index.js";

/** What was done to a tensor, in words. */
export type Adaptation = keyof typeof adaptations;

type Shape = readonly number[];
const same = (a: Shape, b: Shape): boolean => a.join() === b.join();
/** Side of a square grid, whose positions stand after the class token's; 0 if it is none. */
const gridOf = (tokens: number): number => {
  const side = Math.round(Math.sqrt(tokens - 1));
  return 1 + side * side === tokens ? side : 0;
};

interface Row {
  readonly meets: (spec: TensorSpec, file: Shape) => boolean;
  readonly make: (data: Float32Array, file: Shape, spec: TensorSpec) => Float32Array;
}

const adaptations = {
  "first filters summed over colour, for grey images": {
    meets: ({ name, shape }, [filters, channels, ...kernel]) =>
      /^(?:conv1|patch_embed\.proj)\.weight$/.test(name) && channels === 3 && same([filters, 1, ...kernel], shape),
    make: summed,
  },
  "positions resampled for the images' size": {
    meets: ({ name, shape }, file) =>
      name === "pos_embed" &&
      file.length === 3 &&
      same([1, shape[1], file[2]], shape) &&
      file[0] === 1 &&
      gridOf(file[1]) > 0,
    make: (data, file, { shape }) => resampledPositions(data, gridOf(file[1]), gridOf(shape[1])),
  },
} as const satisfies Readonly<Record<string, Row>>;

/** How a tensor of a file's shape is made to fit; null where nothing makes it. */
export const adaptationOf = (spec: TensorSpec, file: Shape): Adaptation | null =>
  (Object.entries(adaptations) as [Adaptation, Row][]).find(([, { meets }]) => meets(spec, file))?.[0] ?? null;

export const adapted = (how: Adaptation, data: Float32Array, file: Shape, spec: TensorSpec): Float32Array =>
  adaptations[how].make(data, file, spec);

/** Filters [F, C, H, W] summed over C: what they give of an image whose channels are all alike. */
function summed(data: Float32Array, [filters, channels, height, width]: Shape): Float32Array {
  const area = height * width;
  const out = new Float32Array(filters * area);
  for (let f = 0; f < filters; f++)
    for (let c = 0; c < channels; c++)
      for (let i = 0; i < area; i++) out[f * area + i] += data[(f * channels + c) * area + i];
  return out;
}
