/** The images that are open: how many, of what, which were left out, and all of them to look through. */
import { element, plural, section } from "../../view/index.js";
import type { News } from "../protocol.js";
import { Grid } from "./grid.js";
import { Pictures } from "./pictures.js";
import { skippedList } from "./skipped.js";

export class ImagesPart {
  readonly element: HTMLElement;
  private readonly words = element("p", { class: "lead", role: "status" });
  private readonly bar = element("progress", { "aria-label": "Images opened", hidden: true });
  private readonly skipped = element("div", {});
  private readonly place = element("div", {});
  private readonly looked = element("div", { class: "looked", "aria-live": "polite" });
  private pictures = new Pictures();
  private grid: Grid | null = null;

  /** @param choose - called with the name of an image that a person chose; false: nothing is known of it yet */
  constructor(private readonly choose: (name: string) => boolean) {
    this.element = section("images", "Images", null, this.words, this.bar, this.skipped, this.place, this.looked);
    this.element.hidden = true;
  }

  /** Images come, in place of those before. */
  opening({ done, total }: Extract<News, { kind: "opening" }>): void {
    this.element.hidden = false;
    this.words.textContent = total === null ? plural(done, "image") : `${plural(done, "image")} of ${total}`;
    this.bar.hidden = false;
    if (total === null) this.bar.removeAttribute("value");
    else Object.assign(this.bar, { max: total, value: done });
  }

  add(news: Extract<News, { kind: "pictures" }>): void {
    this.pictures.add(news);
    if (!this.grid) {
      this.grid = new Grid(this.pictures, (id) => this.look(id));
      this.place.replaceChildren(this.grid.element);
    }
    this.grid.layOut();
  }

  opened({ name, count, shown, classes, skipped }: Extract<News, { kind: "opened" }>): void {
    this.element.hidden = false;
    this.bar.hidden = true;
    const of = classes ? ` in ${plural(classes.length, "class", "classes")}` : "";
    const part = shown < count ? `; ${plural(shown, "is", "are")} shown` : "";
    this.words.textContent = `${plural(count, "image")} of ${name}${of}${part}`;
    this.skipped.replaceChildren(...[skippedList(skipped)].filter((list) => list !== null));
  }

  /** Forgets the images. */
  clear(): void {
    this.pictures = new Pictures();
    this.grid = null;
    for (const part of [this.place, this.skipped, this.looked, this.words]) part.replaceChildren();
    Object.assign(this.element, { hidden: true });
  }

  /** Marks an image that was chosen elsewhere. */
  show(name: string | null): void {
    const id = name === null ? -1 : this.pictures.names.indexOf(name);
    this.grid?.show(id < 0 ? null : id);
    this.looked.replaceChildren();
  }

  /** Until something is learned, an image is only looked at. */
  private look(id: number): void {
    const name = this.pictures.names[id];
    if (this.choose(name)) return;
    this.grid?.show(id);
    this.looked.replaceChildren(
      this.pictures.element(id, 112),
      element(
        "p",
        {},
        element("strong", {}, name),
        " Its nearest images are shown here once the network has learned something.",
      ),
    );
  }
}
