/** `augment-*`: single image operations, and whole views. */
import type { DenseArray } from "../array.js";
import { applyOperation, type Operation, type Picture, writeView } from "../data/index.js";
import { DataError } from "../errors.js";
import { type Case, floats, type Tensors } from "./case.js";

/** Each operation on its image, and the normalized corner of each image. */
export async function replayOperations(c: Case): Promise<Tensors> {
  const operations = c.list<Operation & { readonly image: number }>("operations").map((operation, i) => {
    const { height, width, channels, data } = applyOperation(pictureOf(c, operation.image), operation);
    return [`out.op_${i}`, { shape: [height, width, channels], data }] as const;
  });
  const size = 24;
  const corners = c.names("image_").map((_, i) => {
    const corner: Operation = { op: "resizedCrop", top: 0, left: 0, height: size, width: size, size };
    return [`out.normalized_${i}`, viewOf(c, i, [corner], size)] as const;
  });
  return Object.fromEntries<DenseArray>([...operations, ...corners]);
}

/** Each view's steps one after the other, then normalized. */
export async function replayPipeline(c: Case): Promise<Tensors> {
  const views = c.list<{ readonly image: number; readonly steps: readonly Operation[] }>("views");
  return Object.fromEntries(
    views.map(({ image, steps }, v) => [`out.view_${v}`, viewOf(c, image, steps, c.number("size"))]),
  );
}

function viewOf(c: Case, image: number, steps: readonly Operation[], size: number): DenseArray {
  const out = new Float32Array(3 * size * size);
  const policy = { channels: 3, mean: c.list("mean"), std: c.list("std") } as const;
  writeView(pictureOf(c, image), steps, policy, out, 0);
  return floats(out, [3, size, size]);
}

function pictureOf(c: Case, image: number): Picture {
  const { shape, data } = c.tensor(`image_${image}`);
  if (!(data instanceof Uint8Array) || shape.length !== 3 || shape[2] !== 3) {
    throw new DataError(`image_${image} of the case is not an RGB image of 8 bits: its shape is [${shape}]`);
  }
  return { height: shape[0], width: shape[1], channels: 3, data };
}
