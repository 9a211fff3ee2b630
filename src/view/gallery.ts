/** What the sections with images share: the images, which one is chosen, which are marked. */
import type { ReportImages } from "../report/index.js";
import { classNames } from "./classNames.js";
import { type Child, element } from "./element.js";
import { three } from "./numbers.js";
import { nothingDone, type Reading } from "./reading.js";
import { Thumbnails } from "./thumbnails.js";

/** Images picked out on the map, and what they have in common. */
export interface Marking {
  readonly what: string;
  readonly ids: ReadonlySet<number>;
}

export interface Neighbour {
  readonly id: number;
  readonly cosine: number;
}

export class Gallery {
  readonly thumbnails: Thumbnails;
  /** Null without labels. */
  readonly classes: readonly string[] | null;
  marking: Marking | null = null;
  private readonly listeners: (() => void)[] = [];

  /** @param reading - of the gallery before, whose images these are too */
  constructor(
    readonly images: ReportImages,
    readonly reading: Reading = nothingDone(),
  ) {
    this.thumbnails = new Thumbnails(images.sheets, images.names);
    this.classes = classNames(images);
  }

  get size(): number {
    return this.images.names.length;
  }

  get chosen(): number | null {
    return this.reading.chosen;
  }

  onChange(listener: () => void): void {
    this.listeners.push(listener);
  }

  choose(id: number | null): void {
    this.reading.chosen = id;
    this.changed();
  }

  mark(marking: Marking | null): void {
    this.marking = marking;
    this.changed();
  }

  /** The class of an image in words; null without labels. */
  label(id: number): string | null {
    const { labels } = this.images;
    return this.classes && labels ? this.classes[labels[id]] : null;
  }

  neighbours(id: number): readonly Neighbour[] {
    const { each, ids, cosines } = this.images.neighbours;
    return Array.from({ length: each }, (_, i) => ({ id: ids[id * each + i], cosine: cosines[id * each + i] }));
  }

  /** A thumbnail that chooses its image and brings what is known of it into sight, over a line of text. */
  button(id: number, side: number, ...below: readonly Child[]): HTMLButtonElement {
    return element(
      "button",
      { type: "button", class: "tile", onclick: () => this.visit(id), "aria-label": this.describe(id) },
      this.thumbnails.element(id, side),
      ...below,
    );
  }

  /** The most similar images with their cosines; those of another class than the query's are told apart. */
  strip(query: number, most: number, side: number): HTMLElement {
    const items = this.neighbours(query)
      .slice(0, most)
      .map(({ id, cosine }) => {
        const differs = this.label(id) !== this.label(query);
        return element(
          "li",
          { class: differs ? "differs" : null },
          this.button(
            id,
            side,
            element("span", { class: "cosine" }, three(cosine)),
            differs ? this.otherClass(id) : null,
          ),
        );
      });
    return element("ol", { class: "strip" }, ...items);
  }

  private visit(id: number): void {
    this.choose(id);
    document.getElementById("chosen")?.scrollIntoView({ block: "nearest" });
  }

  private otherClass(id: number): HTMLElement {
    return element("span", { class: "other" }, this.label(id));
  }

  private describe(id: number): string {
    const label = this.label(id);
    return label === null ? this.images.names[id] : `${this.images.names[id]}, ${label}`;
  }

  private changed(): void {
    for (const listener of this.listeners) listener();
  }
}
