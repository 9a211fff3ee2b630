/** Thumbnails as they come from the worker, sheet by sheet. */
import { Thumbnails } from "../../view/index.js";
import type { News } from "../protocol.js";

export class Pictures {
  readonly names: string[] = [];
  private readonly urls: string[] = [];
  private thumbnails: Thumbnails | null = null;

  get size(): number {
    return this.names.length;
  }

  add({ names, url, tile, columns, rows }: Extract<News, { kind: "pictures" }>): void {
    this.names.push(...names);
    this.urls.push(url);
    this.thumbnails ??= new Thumbnails({ tile, columns, rows, urls: this.urls }, this.names);
  }

  /** @throws Error for an image that has not come */
  element(id: number, side: number): HTMLElement {
    if (!this.thumbnails || id >= this.size) throw new Error(`there is no picture of image ${id}`);
    return this.thumbnails.element(id, side);
  }
}
