/** What the run has learned so far: the report's own sections, drawn anew after each clustering. */
import type { ReportData } from "../../report/index.js";
import {
  confusionSection,
  count,
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

  /** Draws a report in place of the one before; what the reader chose and opened stays, if it is of the same images. */
  report(data: ReportData): void {
    const { images } = data;
    if (!images) {
      this.clear();
      return;
    }
    this.gallery?.thumbnails.release();
    const isSame = this.gallery?.images.names.join("\n") === images.names.join("\n");
    const gallery = new Gallery(images, isSame ? this.gallery?.reading : undefined);
    this.gallery = gallery;
    gallery.onChange(() => this.told.chosen(gallery.chosen === null ? null : images.names[gallery.chosen]));
    for (const [id, make] of Object.entries(sections))
      this.turns.take(id, () => {
        if (this.gallery === gallery) this.place(id, make(data, gallery));
      });
  }

  /** Chooses an image by its name. @returns why not, in words; null if it was */
  choose(name: string): string | null {
    if (!this.gallery) return "Its nearest images are shown once the network has learned something.";
    const id = this.gallery.images.names.indexOf(name);
    if (id < 0)
      return `It is not among the ${count(this.gallery.size)} images, drawn by chance, whose nearest are shown.`;
    this.gallery.choose(id);
    document.getElementById("chosen")?.scrollIntoView({ block: "nearest" });
    return null;
  }

  private place(id: string, made: HTMLElement | null): void {
    const before = this.element.querySelector(`:scope > #${id}`);
    if (before && made) keepingPlace(before, made);
    else if (made) this.element.append(made);
    this.told.drawn();
  }
}
