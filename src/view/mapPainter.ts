/** Draws the map: a dot for every image, pictures in their place once few enough are in sight. */
import { Dots } from "./dots.js";
import type { Gallery } from "./gallery.js";
import type { MapFrame } from "./mapFrame.js";
import { nextTask } from "./tasks.js";

/** With at most this many images in sight, each is drawn as its picture. */
const picturesBelow = 160;
const pictureSide = 38;
/** Milliseconds of one task's dots: ten thousand take as many once the browser has compiled what draws them, and several times that at first. */
const longest = 8;
/** Dots between two looks at the clock. */
const atOnce = 500;

export class MapPainter {
  private readonly context: CanvasRenderingContext2D;
  private readonly dots = new Dots();
  private colours: readonly string[] = [];
  private categories: readonly number[] = [];

  constructor(
    private readonly canvas: HTMLCanvasElement,
    private readonly frame: MapFrame,
    private readonly gallery: Gallery,
    private readonly redraw: () => void,
  ) {
    const context = canvas.getContext("2d");
    if (!context) throw new Error("This browser draws no canvas, so the map cannot be shown.");
    this.context = context;
  }

  /** Category of each image, and the colour of each category. */
  colour(categories: readonly number[], colours: readonly string[]): void {
    this.categories = categories;
    this.colours = colours;
    this.dots.colour(colours);
  }

  /** Draws the map as it is now, in as many tasks as that takes; until the last, the picture before is to be seen. */
  async draw(hovered: number | null): Promise<void> {
    const { context, canvas, gallery } = this;
    const frame = this.frame.still();
    const ratio = devicePixelRatio;
    const [width, height] = [Math.round(frame.width * ratio), Math.round(frame.height * ratio)];
    const seen = inSight(frame);
    const hasDots = seen.length > picturesBelow;
    if (hasDots) await this.putDots(frame, seen, width, height, ratio);
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, width, height);
    if (hasDots) this.dots.show(context);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    if (!hasDots) this.drawPictures(frame, seen);
    if (gallery.chosen !== null) this.drawNeighbours(frame, gallery.chosen);
    if (hovered !== null) this.ring(frame, hovered, 9);
  }

  /** Marked images lie above the others. */
  private async putDots(
    frame: MapFrame,
    seen: readonly number[],
    width: number,
    height: number,
    ratio: number,
  ): Promise<void> {
    const { dots, gallery } = this;
    const marked = gallery.marking?.ids;
    const order = marked ? [...seen.filter((id) => !marked.has(id)), ...seen.filter((id) => marked.has(id))] : seen;
    const alpha = (id: number): number => (marked ? (marked.has(id) ? 1 : 0.1) : 0.85);
    dots.begin(width, height, radiusIn(frame) * ratio);
    let began = performance.now();
    for (let from = 0; from < order.length; from += atOnce) {
      if (performance.now() - began > longest) {
        await nextTask();
        began = performance.now();
      }
      for (const id of order.slice(from, from + atOnce))
        dots.put(frame.x(id) * ratio, frame.y(id) * ratio, this.categories[id], alpha(id));
    }
  }

  private drawPictures(frame: MapFrame, seen: readonly number[]): void {
    const { context, gallery } = this;
    const marked = gallery.marking?.ids;
    for (const id of seen) {
      const [x, y] = [frame.x(id) - pictureSide / 2, frame.y(id) - pictureSide / 2];
      context.globalAlpha = !marked || marked.has(id) ? 1 : 0.2;
      context.fillStyle = this.colours[this.categories[id]];
      context.fillRect(x - 2, y - 2, pictureSide + 4, pictureSide + 4);
      const cut = gallery.thumbnails.cut(id, this.redraw);
      if (cut) context.drawImage(cut.sheet, cut.x, cut.y, cut.side, cut.side, x, y, pictureSide, pictureSide);
    }
    context.globalAlpha = 1;
  }

  /** Lines from an image to its nearest, which fade with their rank. */
  private drawNeighbours(frame: MapFrame, id: number): void {
    const { context, gallery } = this;
    context.strokeStyle = this.ink();
    context.lineWidth = 1.2;
    const nearest = gallery.neighbours(id).slice(0, 12);
    for (const [rank, { id: other }] of nearest.entries()) {
      context.globalAlpha = 0.7 * (1 - rank / nearest.length) + 0.15;
      context.beginPath();
      context.moveTo(frame.x(id), frame.y(id));
      context.lineTo(frame.x(other), frame.y(other));
      context.stroke();
    }
    context.globalAlpha = 1;
    this.ring(frame, id, 7);
  }

  private ring(frame: MapFrame, id: number, radius: number): void {
    const { context } = this;
    context.strokeStyle = this.ink();
    context.lineWidth = 2;
    context.beginPath();
    context.arc(frame.x(id), frame.y(id), radius, 0, 2 * Math.PI);
    context.stroke();
  }

  private ink(): string {
    return getComputedStyle(this.canvas).color;
  }
}

/** Small where there are many, larger as one comes nearer. */
function radiusIn({ size, zoom }: MapFrame): number {
  const base = Math.min(5, Math.max(1.8, 130 / Math.sqrt(size)));
  return Math.min(7, base * zoom.k ** 0.4);
}

function inSight(frame: MapFrame): readonly number[] {
  const margin = pictureSide / 2;
  const seen: number[] = [];
  for (let id = 0; id < frame.size; id++) {
    const x = frame.x(id);
    const y = frame.y(id);
    if (x > -margin && y > -margin && x < frame.width + margin && y < frame.height + margin) seen.push(id);
  }
  return seen;
}
