/** The map of the embedding: pan, zoom, hover and choose by mouse, touch or keyboard. */
import { select, type ZoomBehavior, zoom, zoomIdentity } from "d3";
import { type Categories, categoriesOf } from "./categories.js";
import { element } from "./element.js";
import type { Gallery } from "./gallery.js";
import { legend, mostInLegend } from "./legend.js";
import { MapFrame } from "./mapFrame.js";
import { MapPainter } from "./mapPainter.js";
import { afterFrame } from "./tasks.js";
import { onTheme } from "./theme.js";

const help =
  "Map of the images. Arrow keys move it, plus and minus zoom, zero shows all; " +
  "the image at its middle is named, Enter chooses it, Escape lets go.";
/** Pixels from an image within which the pointer means it. */
const reach = 20;

/** The corners of a frame with a margin of a share of its sides. */
const box = (width: number, height: number, margin: number): [[number, number], [number, number]] => [
  [-margin * width, -margin * height],
  [(1 + margin) * width, (1 + margin) * height],
];

export class MapView {
  readonly element: HTMLElement;
  private readonly canvas = element("canvas", { tabindex: 0, role: "application", "aria-label": help });
  private readonly hint = element("div", { class: "hint", hidden: true });
  private readonly spoken = element("p", { class: "hidden", "aria-live": "polite" });
  private readonly key = element("div", { class: "mapKey" });
  private readonly frame: MapFrame;
  private readonly painter: MapPainter;
  private readonly zoomer: ZoomBehavior<HTMLCanvasElement, unknown>;
  private categories: Categories;
  private hovered: number | null = null;
  private isDue = false;
  private isDrawing = false;

  constructor(private readonly gallery: Gallery) {
    const all = categoriesOf(gallery.images);
    this.categories = all.find(({ title }) => title === gallery.reading.colouredBy) ?? all[0];
    this.frame = new MapFrame(gallery.images.map);
    this.painter = new MapPainter(this.canvas, this.frame, gallery, () => this.redraw());
    this.zoomer = zoom<HTMLCanvasElement, unknown>()
      .scaleExtent([0.7, 60])
      .on("zoom", ({ transform }) => {
        this.frame.zoom = transform;
        gallery.reading.zoom = transform;
        this.redraw();
      });
    const middle = element("span", { class: "middle", "aria-hidden": "true" });
    const place = element("div", { class: "mapFrame" }, this.canvas, middle, this.hint, this.buttons(), this.spoken);
    this.element = element("div", { class: "map" }, this.chooser(all), place, this.key);
    this.listen(place);
    this.recolour();
    onTheme(this.element, () => this.recolour());
    gallery.onChange(() => {
      this.pressKeys();
      this.redraw();
    });
  }

  /** What colours the points, where there is a choice. */
  private chooser(all: readonly Categories[]): HTMLElement {
    const choices = element("select", { id: "colour-by" });
    choices.append(
      ...all.map((one, i) => element("option", { value: i, selected: one === this.categories }, one.title)),
    );
    choices.addEventListener("change", () => {
      this.categories = all[Number(choices.value)];
      this.gallery.reading.colouredBy = this.categories.title;
      this.recolour();
    });
    return element("p", { class: "row" }, element("label", { for: "colour-by" }, "Colour by"), choices);
  }

  private buttons(): HTMLElement {
    const button = (name: string, sign: string, act: () => void): HTMLElement =>
      element("button", { type: "button", "aria-label": name, title: name, onclick: act }, sign);
    return element(
      "div",
      { class: "zoom" },
      button("Zoom in", "+", () => this.zoomBy(1.6)),
      button("Zoom out", "−", () => this.zoomBy(1 / 1.6)),
      button("Show all", "⤢", () => this.showAll()),
    );
  }

  private listen(place: HTMLElement): void {
    const { canvas } = this;
    select(canvas).call(this.zoomer);
    if (this.gallery.reading.zoom) this.zoomer.transform(select(canvas), this.gallery.reading.zoom);
    new ResizeObserver(() => {
      Object.assign(this.frame, { width: place.clientWidth, height: place.clientHeight });
      const { width, height } = this.frame;
      this.zoomer.extent(box(width, height, 0)).translateExtent(box(width, height, 0.3));
      this.redraw();
    }).observe(place);
    canvas.addEventListener("pointermove", ({ offsetX, offsetY }) =>
      this.hover(this.frame.at(offsetX, offsetY, reach)),
    );
    canvas.addEventListener("pointerleave", () => this.hover(null));
    canvas.addEventListener("click", ({ offsetX, offsetY }) => {
      const found = this.frame.at(offsetX, offsetY, reach);
      this.hover(found);
      this.gallery.choose(found);
    });
    canvas.addEventListener("keydown", (event) => this.press(event));
    canvas.addEventListener("blur", () => this.hover(null));
  }

  private press(event: KeyboardEvent): void {
    const step = 48;
    const keys: Readonly<Record<string, () => void>> = {
      ArrowLeft: () => this.panBy(step, 0),
      ArrowRight: () => this.panBy(-step, 0),
      ArrowUp: () => this.panBy(0, step),
      ArrowDown: () => this.panBy(0, -step),
      "+": () => this.zoomBy(1.4),
      "=": () => this.zoomBy(1.4),
      "-": () => this.zoomBy(1 / 1.4),
      "0": () => this.showAll(),
      Enter: () => this.gallery.choose(this.middle()),
      Escape: () => this.gallery.choose(null),
    };
    const act = keys[event.key];
    if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    act();
    const middle = this.middle();
    this.hover(middle);
    this.spoken.textContent = middle === null ? "no image here" : this.words(middle);
  }

  /** The image nearest to the middle of the frame. */
  private middle(): number | null {
    return this.frame.at(this.frame.width / 2, this.frame.height / 2, 60);
  }

  private panBy(x: number, y: number): void {
    const { k } = this.frame.zoom;
    this.zoomer.translateBy(select(this.canvas), x / k, y / k);
  }

  private zoomBy(factor: number): void {
    this.zoomer.scaleBy(select(this.canvas), factor);
  }

  private showAll(): void {
    this.zoomer.transform(select(this.canvas), zoomIdentity);
  }

  private words(id: number): string {
    const parts = [this.gallery.images.names[id], this.gallery.label(id)];
    if (this.categories.of !== this.gallery.images.labels) parts.push(this.categories.names[this.categories.of[id]]);
    return parts.filter((part) => part !== null).join(", ");
  }

  private hover(id: number | null): void {
    if (id === this.hovered) return;
    this.hovered = id;
    this.hint.hidden = id === null;
    this.canvas.classList.toggle("over", id !== null);
    if (id !== null) this.hint.replaceChildren(this.gallery.thumbnails.element(id, 112), this.words(id));
    this.redraw();
  }

  private recolour(): void {
    const { of, names, colours } = this.categories;
    this.painter.colour(of, colours());
    this.key.replaceChildren(
      names.length <= mostInLegend
        ? legend(names, colours(), (category) => this.markCategory(category))
        : element("p", { class: "muted" }, `${names.length} colours: point at an image to see its cluster.`),
    );
    this.pressKeys();
    this.redraw();
  }

  /** Shows which entry of the legend is marked. */
  private pressKeys(): void {
    const marked = this.gallery.marking?.what;
    for (const [i, key] of this.key.querySelectorAll("button").entries())
      key.setAttribute("aria-pressed", String(this.categories.names[i] === marked));
  }

  private markCategory(category: number): void {
    const { of, names } = this.categories;
    const ids = new Set(of.flatMap((c, id) => (c === category ? [id] : [])));
    this.gallery.mark(this.gallery.marking?.what === names[category] ? null : { what: names[category], ids });
  }

  /** Once a frame, however often it was asked for. What is asked for while a picture is drawn is the next one. */
  private async redraw(): Promise<void> {
    this.isDue = true;
    if (this.isDrawing) return;
    this.isDrawing = true;
    try {
      while (this.isDue) {
        await afterFrame();
        this.isDue = false;
        await this.painter.draw(this.hovered);
        this.placeHint();
      }
    } finally {
      this.isDrawing = false;
    }
  }

  /** Beside its point, on the side with more room. */
  private placeHint(): void {
    if (this.hovered === null) return;
    const { frame, hint } = this;
    const [x, y] = [frame.x(this.hovered), frame.y(this.hovered)];
    const left = x > frame.width / 2 ? x - hint.offsetWidth - 16 : x + 16;
    const top = Math.min(Math.max(8, y - hint.offsetHeight / 2), frame.height - hint.offsetHeight - 8);
    hint.style.transform = `translate(${Math.round(Math.max(4, left))}px, ${Math.round(top)}px)`;
  }
}
