/** Thumbnails cut from the sheets: as elements, and as pictures for a canvas. */
import type { Sheets } from "../report/index.js";
import { element } from "./element.js";

export interface Cut {
  readonly sheet: HTMLImageElement;
  readonly x: number;
  readonly y: number;
  readonly side: number;
}

export class Thumbnails {
  private readonly objectUrls: (string | undefined)[] = [];
  private readonly pictures: (HTMLImageElement | undefined)[] = [];

  constructor(
    private readonly sheets: Sheets,
    private readonly names: readonly string[],
  ) {}

  /** A picture of `side` CSS pixels, named for those who do not see it. */
  element(id: number, side: number): HTMLElement {
    const { sheet, column, row } = this.place(id);
    const made = element("span", { class: "thumb", role: "img", "aria-label": this.names[id], title: this.names[id] });
    Object.assign(made.style, {
      width: `${side}px`,
      height: `${side}px`,
      backgroundImage: `url("${this.url(sheet)}")`,
      backgroundSize: `${this.sheets.columns * side}px auto`,
      backgroundPosition: `${-column * side}px ${-row * side}px`,
    });
    return made;
  }

  /** Where an image lies on its sheet; null until the sheet is decoded, when `ready` is called. */
  cut(id: number, ready: () => void): Cut | null {
    const { sheet: index, column, row } = this.place(id);
    const { tile } = this.sheets;
    const sheet = this.pictures[index];
    if (sheet?.complete) return { sheet, x: column * tile, y: row * tile, side: tile };
    if (!sheet) {
      const picture = element("img", { src: this.url(index) });
      picture.addEventListener("load", ready);
      this.pictures[index] = picture;
    }
    return null;
  }

  /** Frees the sheets; the thumbnails made from them go with them. */
  release(): void {
    for (const url of this.objectUrls) if (url) URL.revokeObjectURL(url);
  }

  private place(id: number): { sheet: number; column: number; row: number } {
    const { columns, rows } = this.sheets;
    const within = id % (columns * rows);
    return { sheet: Math.floor(id / (columns * rows)), column: within % columns, row: Math.floor(within / columns) };
  }

  /** A short address for a long one: elements by the hundred then do not each carry a sheet. One that is short already is its maker's. */
  private url(sheet: number): string {
    const given = this.sheets.urls[sheet];
    if (given.startsWith("blob:")) return given;
    this.objectUrls[sheet] ??= URL.createObjectURL(blobOf(given));
    return this.objectUrls[sheet];
  }
}

/** Of a `data:` URL, which `fetch` may not read under the page's policy. */
function blobOf(url: string): Blob {
  const [head, body] = url.split(",", 2);
  const bytes = Uint8Array.from(atob(body), (c) => c.charCodeAt(0));
  return new Blob([bytes], { type: head.slice("data:".length, head.indexOf(";")) });
}
