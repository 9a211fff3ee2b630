/** Draws the map in one pass: a dot for every image, pictures in their place once few enough are in sight. */
import { Dots } from "./dots.js";
import type { Gallery } from "./gallery.js";
import type { MapFrame } from "./mapFrame.js";

/** With at most this many images in sight, each is drawn as its picture. */
const picturesBelow = 160;
const pictureSide = 38;

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

  draw(hovered: number | null): void {
    const { context, canvas, frame, gallery } = this;
    const ratio = devicePixelRatio;
    const [width, height] = [Math.round(frame.width * ratio), Math.round(frame.height * ratio)];
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, width, height);
    const seen = this.inSight();
    const marked = gallery.marking?.ids;
    if (seen.length <= picturesBelow) this.drawPictures(seen, ratio);
    else this.drawDots(seen, ratio, marked);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    if (gallery.chosen !== null) this.drawNeighbours(gallery.chosen);
    if (hovered !== null) this.ring(hovered, 9);
  }

  private inSight(): readonly number[] {
    const { frame } = this;
    const margin = pictureSide / 2;
    const seen: number[] = [];
    for (let id = 0; id < frame.size; id++) {
      const x = frame.x(id);
      const y = frame.y(id);
      if (x > -margin && y > -margin && x < frame.width + margin && y < frame.height + margin) seen.push(id);
    }
    return seen;
  }

  private drawDots(seen: readonly number[], ratio: number, marked: ReadonlySet<number> | undefined): void {
    const { dots, frame, categories, canvas } = this;
    dots.begin(canvas.width, canvas.height, this.radius() * ratio);
    const one = (id: number, alpha: number): void =>
      dots.put(frame.x(id) * ratio, frame.y(id) * ratio, categories[id], alpha);
    for (const id of seen) if (!marked?.has(id)) one(id, marked ? 0.1 : 0.85);
    if (marked) for (const id of seen) if (marked.has(id)) one(id, 1);
    dots.show(this.context);
  }

  private drawPictures(seen: readonly number[], ratio: number): void {
    const { context, frame, gallery } = this;
    const marked = gallery.marking?.ids;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
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
  private drawNeighbours(id: number): void {
    const { context, frame, gallery } = this;
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
    this.ring(id, 7);
  }

  private ring(id: number, radius: number): void {
    const { context, frame } = this;
    context.strokeStyle = this.ink();
    context.lineWidth = 2;
    context.beginPath();
    context.arc(frame.x(id), frame.y(id), radius, 0, 2 * Math.PI);
    context.stroke();
  }

  private ink(): string {
    return getComputedStyle(this.canvas).color;
  }

  /** Small where there are many, larger as one comes nearer. */
  private radius(): number {
    const { size, zoom } = this.frame;
    const base = Math.min(5, Math.max(1.8, 130 / Math.sqrt(size)));
    return Math.min(7, base * zoom.k ** 0.4);
  }
}
