/** What the run has learned so far: the report's own sections, drawn anew after each clustering. */
import type { ReportData } from "../../report/index.js";
import {
  confusionSection,
  exploreSection,
  Gallery,
  paintLabels,
  recipeSection,
  retrievalSection,
  treeSection,
} from "../../view/index.js";
import { keepingPlace } from "./place.js";
import type { Turns } from "./turns.js";

type Section = (data: ReportData, gallery: Gallery) => HTMLElement | null;

const sections: Readonly<Record<string, Section>> = {
  tree: ({ tree }, gallery) => {
    const made = treeSection(tree, gallery);
    if (gallery.classes) paintLabels(made, gallery.classes.length);
    return made;
  },
  map: (_, gallery) => exploreSection(gallery),
  retrieval: (_, gallery) => retrievalSection(gallery),
  confusion: ({ confusion }, gallery) => confusion && confusionSection(confusion, gallery.classes),
  recipe: ({ run }) => recipeSection(run),
};

export class Results {
  readonly element = document.createElement("div");
  private gallery: Gallery | null = null;

  constructor(
    private readonly turns: Turns,
    private readonly told: {
      /** By its name; null: none is. */
      chosen(name: string | null): void;
      /** A section was drawn. */
      drawn(): void;
    },
  ) {}

  /** Forgets the run before. */
  clear(): void {
    this.gallery?.thumbnails.release();
    this.gallery = null;
    this.element.replaceChildren();
  }

  /** Draws a report in place of the one before; what the reader chose and opened stays. */
  report(data: ReportData): void {
    const { images } = data;
    if (!images) return;
    this.gallery?.thumbnails.release();
    const gallery = new Gallery(images, this.gallery?.reading);
    this.gallery = gallery;
    gallery.onChange(() => this.told.chosen(gallery.chosen === null ? null : images.names[gallery.chosen]));
    for (const [id, make] of Object.entries(sections))
      this.turns.take(id, () => {
        if (this.gallery === gallery) this.place(id, make(data, gallery));
      });
  }

  /** Chooses an image by its name. @returns whether there is a report that has it */
  choose(name: string): boolean {
    const id = this.gallery?.images.names.indexOf(name) ?? -1;
    if (!this.gallery || id < 0) return false;
    this.gallery.choose(id);
    document.getElementById("chosen")?.scrollIntoView({ block: "nearest" });
    return true;
  }

  private place(id: string, made: HTMLElement | null): void {
    const before = this.element.querySelector(`:scope > #${id}`);
    if (before && made) keepingPlace(before, made);
    else if (made) this.element.append(made);
    this.told.drawn();
  }
}
