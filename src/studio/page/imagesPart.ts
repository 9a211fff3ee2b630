/** The images that are open: how many, of what, which were left out, and all of them to look through. */
import { element, plural, section } from "../../view/index.js";
import type { News } from "../protocol.js";
import { Grid } from "./grid.js";
import { Pictures } from "./pictures.js";
import { skippedList } from "./skipped.js";

/** Images, and what is said of them. */
interface Shown {
  readonly pictures: Pictures;
  readonly grid: Grid;
  readonly words: string;
  readonly skipped: HTMLElement | null;
}

export class ImagesPart {
  readonly element: HTMLElement;
  private readonly words = element("p", { class: "lead", role: "status" });
  private readonly bar = element("progress", { "aria-label": "Images opened", hidden: true });
  private readonly skipped = element("div", {});
  private readonly place = element("div", {});
  private readonly looked = element("div", { class: "looked", "aria-live": "polite" });
  /** What is open. */
  private shown: Shown | null = null;
  /** What comes, in place of that. */
  private coming: Pick<Shown, "pictures" | "grid"> | null = null;

  /** @param choose - called with the name of an image that a person chose; gives words if it cannot be shown elsewhere */
  constructor(private readonly choose: (name: string) => string | null) {
    this.element = section("images", "Images", null, this.words, this.bar, this.skipped, this.place, this.looked);
    this.show(null);
  }

  opening({ done, total }: Extract<News, { kind: "opening" }>): void {
    this.element.hidden = false;
    this.words.textContent = total === null ? `Opened ${done} so far` : `Opened ${done} of ${total}`;
    this.bar.hidden = false;
    if (total === null) this.bar.removeAttribute("value");
    else Object.assign(this.bar, { max: total, value: done });
  }

  add(news: Extract<News, { kind: "pictures" }>): void {
    const { pictures, grid } = this.incoming();
    pictures.add(news);
    if (grid.element.parentElement !== this.place) this.place.replaceChildren(grid.element);
    grid.layOut();
  }

  opened({ name, count, shown, classes, skipped }: Extract<News, { kind: "opened" }>): void {
    const of = classes ? ` in ${plural(classes.length, "class", "classes")}` : "";
    const part = shown < count ? `; ${plural(shown, "is", "are")} shown` : "";
    const words = `${plural(count, "image")} of ${name}${of}${part}`;
    this.show({ ...this.incoming(), words, skipped: skippedList(skipped) });
    this.coming = null;
  }

  /** Opening has ended: if nothing was opened, what was there before is there again. */
  settle(): void {
    if (this.bar.hidden && !this.coming) return;
    this.coming = null;
    this.show(this.shown);
  }

  /** Forgets the images. */
  clear(): void {
    this.show(null);
  }

  /** Marks an image that was chosen elsewhere. */
  mark(name: string | null): void {
    const id = name === null ? -1 : (this.shown?.pictures.names.indexOf(name) ?? -1);
    this.shown?.grid.show(id < 0 ? null : id);
    this.looked.replaceChildren();
  }

  private show(shown: Shown | null): void {
    this.shown = shown;
    this.element.hidden = shown === null;
    this.bar.hidden = true;
    this.words.textContent = shown?.words ?? "";
    this.skipped.replaceChildren(...(shown?.skipped ? [shown.skipped] : []));
    this.place.replaceChildren(...(shown ? [shown.grid.element] : []));
    this.looked.replaceChildren();
  }

  private incoming(): Pick<Shown, "pictures" | "grid"> {
    if (!this.coming) {
      const pictures = new Pictures();
      const grid = new Grid(pictures, (id) => this.look(pictures, grid, id));
      this.coming = { pictures, grid };
    }
    return this.coming;
  }

  /** An image of which nothing else is known is only looked at. */
  private look(pictures: Pictures, grid: Grid, id: number): void {
    const name = pictures.names[id];
    const why = this.choose(name);
    if (why === null) return;
    grid.show(id);
    this.looked.replaceChildren(pictures.element(id, 112), element("p", {}, element("strong", {}, name), ` ${why}`));
  }
}
