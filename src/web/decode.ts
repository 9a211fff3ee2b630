/** Image files decoded by the browser, upright, over white, as Node decodes them. */
import type { Picture } from "../data/index.js";

/** One canvas a thread: what it draws is read at once. */
let canvas: OffscreenCanvasRenderingContext2D | null = null;

function canvasOf(width: number, height: number): OffscreenCanvasRenderingContext2D {
  canvas ??= new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
  if (!canvas) throw new Error(`a canvas of ${width} by ${height} pixels cannot be made`);
  if (canvas.canvas.width !== width || canvas.canvas.height !== height) Object.assign(canvas.canvas, { width, height });
  return canvas;
}

/** A file's pixels: red, green, blue. @throws if the browser cannot read it as an image */
export async function decoded(file: Blob): Promise<Picture> {
  const bitmap = await createImageBitmap(file, { colorSpaceConversion: "none", premultiplyAlpha: "none" });
  const { width, height } = bitmap;
  const context = canvasOf(width, height);
  context.fillStyle = "#ffffff"; // what shows through, as in Node
  context.fillRect(0, 0, width, height);
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  const rgba = context.getImageData(0, 0, width, height).data;
  const data = new Uint8Array(3 * width * height);
  for (let i = 0, at = 0; i < rgba.length; i += 4) {
    data[at++] = rgba[i];
    data[at++] = rgba[i + 1];
    data[at++] = rgba[i + 2];
  }
  return { width, height, channels: 3, data };
}

/** An image's pixels, whether it is a file or has them already. */
export const pixelsOf = async (image: Blob | Picture): Promise<Picture> =>
  image instanceof Blob ? decoded(image) : image;
