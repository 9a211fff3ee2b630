/** Thumbnails cut and sheets encoded by canvases; the grid of a set while it is opened. */
import type { Picture } from "../../data/index.js";
import { type SheetMaker, type Sheets, tileSides, tinySide } from "../../report/index.js";

const drawn = (width: number, height: number): OffscreenCanvasRenderingContext2D =>
  new OffscreenCanvas(width, height).getContext("2d", {
    willReadFrequently: true,
  }) as OffscreenCanvasRenderingContext2D;

/** RGB or grey as what canvases take. */
function asImageData({ width, height, channels, data }: Picture): ImageData {
  const rgba = new Uint8ClampedArray(4 * width * height).fill(255);
  for (let p = 0; p < width * height; p++)
    for (let c = 0; c < 3; c++) rgba[4 * p + c] = data[p * channels + (channels === 1 ? 0 : c)];
  return new ImageData(rgba, width, height);
}

let cutter: OffscreenCanvasRenderingContext2D | null = null;

async function tile(picture: Picture, side: number): Promise<Uint8Array> {
  const { width, height } = picture;
  const short = Math.min(width, height);
  if (short <= tinySide && side >= short) return enlarged(picture, short, side);
  const square = await createImageBitmap(
    asImageData(picture),
    (width - short) >> 1,
    (height - short) >> 1,
    short,
    short,
    {
      resizeWidth: side,
      resizeHeight: side,
      resizeQuality: "high",
    },
  );
  if (cutter?.canvas.width !== side) cutter = drawn(side, side);
  cutter.drawImage(square, 0, 0);
  square.close();
  const { data } = cutter.getImageData(0, 0, side, side);
  const rgb = new Uint8Array(3 * side * side);
  for (let p = 0; p < side * side; p++) rgb.set(data.subarray(4 * p, 4 * p + 3), 3 * p);
  return rgb;
}

/** The middle square of a tiny picture, pixel by pixel, so that it stays crisp. */
function enlarged({ width, height, channels, data }: Picture, short: number, side: number): Uint8Array {
  const [left, top] = [(width - short) >> 1, (height - short) >> 1];
  const rgb = new Uint8Array(3 * side * side);
  for (let y = 0, at = 0; y < side; y++)
    for (let x = 0; x < side; x++) {
      const from = channels * ((top + Math.floor((y * short) / side)) * width + left + Math.floor((x * short) / side));
      for (let c = 0; c < 3; c++) rgb[at++] = data[from + (channels === 1 ? 0 : c)];
    }
  return rgb;
}

async function encoded(pixels: Uint8Array, width: number, height: number, quality: number): Promise<Blob> {
  const context = drawn(width, height);
  context.putImageData(asImageData({ width, height, channels: 3, data: pixels }), 0, 0);
  return context.canvas.convertToBlob({ type: "image/webp", quality: quality / 100 });
}

/** A blob as a `data:` URL. */
async function dataUrl(blob: Blob): Promise<string> {
  const bytes = new Uint8Array(await blob.arrayBuffer());
  let text = "";
  for (let from = 0; from < bytes.length; from += 0x8000)
    text += String.fromCharCode(...bytes.subarray(from, from + 0x8000));
  return `data:${blob.type};base64,${btoa(text)}`;
}

/** As of reports. */
export const sheetsByCanvas: SheetMaker = {
  tile,
  sheet: async (pixels, width, height, quality) => dataUrl(await encoded(pixels, width, height, quality)),
};

/** `data:` URLs as URLs of blobs, which are a few bytes to send. Decoded by hand: the page's policy lets nothing be fetched from a `data:` URL. */
export const asBlobUrls = (sheets: Sheets): Sheets => ({
  ...sheets,
  urls: sheets.urls.map((url) => {
    const [, type, text] = /^data:([^;]+);base64,(.*)$/s.exec(url) ?? [];
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    return URL.createObjectURL(new Blob([bytes], { type }));
  }),
});

/** One more sheet of a grid. */
export interface GridSheet {
  readonly names: readonly string[];
  readonly tile: number;
  readonly columns: number;
  readonly rows: number;
  readonly url: string;
}

/** Thumbnails on a side of a sheet of a grid: small, so that the first is there at once. */
const gridSide = 16;
const quality = 80;

/** Thumbnails of images as they are opened, a sheet at a time. */
export class Grid {
  private names: string[] = [];
  private tile = 0;
  private pixels = new Uint8Array(0);

  constructor(private readonly show: (sheet: GridSheet) => void) {}

  async add(picture: Picture, name: string): Promise<void> {
    if (this.tile === 0) this.tile = tileSides(Math.min(picture.width, picture.height))[0];
    const { tile: side } = this;
    if (this.names.length === 0) this.pixels = new Uint8Array(3 * (gridSide * side) ** 2);
    const pixels = await tile(picture, side);
    const [left, top] = [(this.names.length % gridSide) * side, Math.floor(this.names.length / gridSide) * side];
    for (let y = 0; y < side; y++)
      this.pixels.set(pixels.subarray(3 * y * side, 3 * (y + 1) * side), 3 * ((top + y) * gridSide * side + left));
    this.names.push(name);
    if (this.names.length === gridSide ** 2) await this.flush();
  }

  /** Shows what is there of the last sheet. */
  async flush(): Promise<void> {
    if (this.names.length === 0) return;
    const { names, tile, pixels } = this;
    this.names = [];
    const url = URL.createObjectURL(await encoded(pixels, gridSide * tile, gridSide * tile, quality));
    this.show({ names, tile, columns: gridSide, rows: gridSide, url });
  }
}
