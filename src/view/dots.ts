/** Dots blended into pixels by hand: ten thousand take a few milliseconds, and a canvas without a GPU a hundred. */
import { rgb } from "d3";

export class Dots {
  private image: ImageData | null = null;
  private colours: readonly (readonly [number, number, number])[] = [];
  private radius = 0;
  /** Share of each pixel that a dot covers, [side, side]. */
  private cover = new Float32Array(0);
  private side = 0;

  /** Colours by number, as CSS. */
  colour(colours: readonly string[]): void {
    this.colours = colours.map((colour) => {
      const { r, g, b } = rgb(colour);
      return [r, g, b];
    });
  }

  /** Begins an empty picture, of dots of a radius in its pixels. */
  begin(width: number, height: number, radius: number): void {
    if (this.image?.width === width && this.image.height === height) this.image.data.fill(0);
    else this.image = new ImageData(Math.max(1, width), Math.max(1, height));
    const rounded = Math.round(radius * 2) / 2;
    if (rounded === this.radius) return;
    this.radius = rounded;
    this.side = 2 * Math.ceil(rounded + 0.5);
    this.cover = Float32Array.from({ length: this.side ** 2 }, (_, at) => {
      const [x, y] = [at % this.side, Math.floor(at / this.side)].map((p) => p + 0.5 - this.side / 2);
      return Math.min(1, Math.max(0, rounded + 0.5 - Math.hypot(x, y)));
    });
  }

  /** A dot around a place, over those before. */
  put(x: number, y: number, colour: number, alpha: number): void {
    if (!this.image) return;
    const { width, height, data } = this.image;
    const { side, cover } = this;
    const [red, green, blue] = this.colours[colour];
    const left = Math.round(x - side / 2);
    const top = Math.round(y - side / 2);
    const from = Math.max(0, -left);
    const to = Math.min(side, width - left);
    const end = Math.min(side, height - top);
    for (let row = Math.max(0, -top); row < end; row++) {
      let at = 4 * ((top + row) * width + left + from);
      for (let column = from; column < to; column++, at += 4) {
        const own = alpha * cover[row * side + column];
        if (own === 0) continue;
        const below = data[at + 3] / 255;
        const both = own + below * (1 - own);
        data[at + 3] = 255 * both;
        if (below === 0) {
          data[at] = red;
          data[at + 1] = green;
          data[at + 2] = blue;
          continue;
        }
        const share = own / both;
        data[at] += (red - data[at]) * share;
        data[at + 1] += (green - data[at + 1]) * share;
        data[at + 2] += (blue - data[at + 2]) * share;
      }
    }
  }

  /** Puts the picture in place of the canvas's. */
  show(context: CanvasRenderingContext2D): void {
    if (this.image) context.putImageData(this.image, 0, 0);
  }
}
