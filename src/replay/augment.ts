/** `augment-*`: single image operations, and whole views. */
import type { DenseArray } from "../array.js";
import { applyOperation, type Operation, writeView } from "../data/augment/index.js";
import type { Picture } from "../data/index.js";
import { DataError, said } from "../errors.js";
import { pixelsModel } from "../programs/index.js";
import type { Case, Tensors } from "./case.js";

/** Each operation on its image, and the normalised corner of each image. */
export async function replayOperations(c: Case): Promise<Tensors> {
  const operations = c.list<Operation & { readonly image: number }>("operations").map((operation, i) => {
    const { height, width, channels, data } = applyOperation(pictureOf(c, operation.image), operation);
    return [`out.op_${i}`, { shape: [height, width, channels], data }] as const;
  });
  const size = 24;
  const corner: Operation = { op: "resizedCrop", top: 0, left: 0, height: size, width: size, size };
  const corners = c.names("image_").map((_, i) => [`out.normalized_${i}`, viewOf(c, i, [corner], size)] as const);
  return { ...Object.fromEntries<DenseArray>(operations), ...(await normalised(c, corners)) };
}

/** Each view's steps one after the other, then normalised. */
export async function replayPipeline(c: Case): Promise<Tensors> {
  const views = c.list<{ readonly image: number; readonly steps: readonly Operation[] }>("views");
  return normalised(
    c,
    views.map(({ image, steps }, v) => [`out.view_${v}`, viewOf(c, image, steps, c.number("size"))] as const),
  );
}

function viewOf(c: Case, image: number, steps: readonly Operation[], size: number): DenseArray {
  const data = new Uint8Array(3 * size * size);
  writeView(pictureOf(c, image), steps, 3, data, 0);
  return { shape: [1, 3, size, size], data };
}

/** Views by name, normalised as training's graphs do. */
async function normalised(c: Case, views: readonly (readonly [name: string, view: DenseArray])[]): Promise<Tensors> {
  await c.engine.load("pixels", pixelsModel({ mean: c.list("mean"), std: c.list("std") }));
  const out: Tensors = {};
  for (const [name, pixels] of views) {
    const { shape, data } = (await c.engine.run("pixels", { pixels }, ["normalized"])).normalized;
    out[name] = { shape: shape.slice(1), data };
  }
  await c.engine.unload("pixels");
  return out;
}

function pictureOf(c: Case, image: number): Picture {
  const { shape, data } = c.tensor(`image_${image}`);
  if (!(data instanceof Uint8Array) || shape.length !== 3 || shape[2] !== 3) {
    throw new DataError(
      "wrong-entry",
      said`${{ tensor: `image_${image}` }} of the case is not an RGB image of 8 bits: its shape is ${{ shape }}`,
    );
  }
  return { height: shape[0], width: shape[1], channels: 3, data };
}
