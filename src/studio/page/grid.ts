/** All images as thumbnails: only the rows in sight are on the page, so that ten thousand scroll as ten do. */
import { count, element } from "../../view/index.js";
import type { Pictures } from "./pictures.js";

const leastSide = 58;
const gap = 4;
/** Rows kept above and below those in sight. */
const beyond = 3;

export class Grid {
  readonly element: HTMLElement;
  private readonly field = element("div", { class: "field" });
  private readonly rows = new Map<number, HTMLElement>();
  private columns = 1;
  /** Of a thumbnail: as large as fills the rows. */
  private side = leastSide;
  private active = 0;
  private chosen: number | null = null;
  private isWaiting = false;

  /** @param choose - called with the image that a person chose */
  constructor(
    private readonly pictures: Pictures,
    private readonly choose: (id: number) => void,
  ) {
    this.element = element(
      "div",
      {
        class: "grid",
        tabindex: 0,
        role: "listbox",
        "aria-label": "Images",
        "--gap": `${gap}px`,
      },
      this.field,
    );
    this.element.addEventListener("scroll", () => this.redraw(), { passive: true });
    this.element.addEventListener("keydown", (event) => this.press(event));
    this.element.addEventListener("click", ({ target }) => {
      const option = (target as Element).closest<HTMLElement>("[role=option]");
      if (option) this.take(Number(option.dataset.id));
    });
    new ResizeObserver(() => this.layOut()).observe(this.element);
  }

  /** After pictures were added. */
  layOut(): void {
    const width = this.field.clientWidth;
    const columns = Math.max(1, Math.floor((width + gap) / (leastSide + gap)));
    const side = Math.max(leastSide, Math.floor((width + gap) / columns) - gap);
    if (columns !== this.columns || side !== this.side) this.clear();
    Object.assign(this, { columns, side });
    this.element.title = `${count(this.pictures.size)} images`;
    this.field.style.height = `${Math.ceil(this.pictures.size / columns) * this.pitch - gap}px`;
    this.redraw();
  }

  /** Marks the chosen image. */
  show(id: number | null): void {
    this.chosen = id;
    this.mark();
  }

  private get pitch(): number {
    return this.side + gap;
  }

  private clear(): void {
    for (const row of this.rows.values()) row.remove();
    this.rows.clear();
  }

  private redraw(): void {
    if (this.isWaiting) return;
    this.isWaiting = true;
    requestAnimationFrame(() => {
      this.isWaiting = false;
      this.draw();
    });
  }

  private draw(): void {
    const { scrollTop, clientHeight } = this.element;
    const last = Math.ceil(this.pictures.size / this.columns) - 1;
    const from = Math.max(0, Math.floor(scrollTop / this.pitch) - beyond);
    const to = Math.min(last, Math.ceil((scrollTop + clientHeight) / this.pitch) + beyond);
    for (const [at, row] of this.rows)
      if (at < from || at > to || row.childElementCount < this.inRow(at)) {
        row.remove();
        this.rows.delete(at);
      }
    for (let at = from; at <= to; at++) {
      if (this.rows.has(at)) continue;
      const row = this.row(at);
      this.rows.set(at, row);
      this.field.append(row);
    }
    if (this.pictures.size > 0) this.element.setAttribute("aria-activedescendant", `image-${this.active}`);
  }

  private inRow(at: number): number {
    return Math.min(this.columns, this.pictures.size - at * this.columns);
  }

  private row(at: number): HTMLElement {
    const options = Array.from({ length: this.inRow(at) }, (_, i) => this.option(at * this.columns + i));
    const row = element("div", { class: "gridRow", role: "presentation" }, ...options);
    row.style.transform = `translateY(${at * this.pitch}px)`;
    return row;
  }

  private option(id: number): HTMLElement {
    const picture = this.pictures.element(id, this.side);
    const place = { "aria-posinset": id + 1, "aria-setsize": this.pictures.size };
    for (const [name, value] of Object.entries({ role: "option", id: `image-${id}`, "data-id": id, ...place }))
      picture.setAttribute(name, String(value));
    this.markOne(picture, id);
    return picture;
  }

  /** After another image was chosen, or made active. */
  private mark(): void {
    for (const row of this.rows.values())
      for (const option of row.children as Iterable<Element> & HTMLCollection)
        this.markOne(option, Number((option as HTMLElement).dataset.id));
  }

  private markOne(option: Element, id: number): void {
    option.setAttribute("aria-selected", String(id === this.chosen));
    option.classList.toggle("active", id === this.active);
  }

  private press(event: KeyboardEvent): void {
    const page = Math.max(1, Math.floor(this.element.clientHeight / this.pitch)) * this.columns;
    const moves: Readonly<Record<string, number>> = {
      ArrowLeft: -1,
      ArrowRight: 1,
      ArrowUp: -this.columns,
      ArrowDown: this.columns,
      PageUp: -page,
      PageDown: page,
      Home: -this.pictures.size,
      End: this.pictures.size,
    };
    const move = moves[event.key];
    const isChoice = event.key === "Enter" || event.key === " ";
    if ((move === undefined && !isChoice) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    if (move === undefined) this.take(this.active);
    else this.go(Math.min(Math.max(0, this.active + move), this.pictures.size - 1));
  }

  private take(id: number): void {
    this.go(id);
    this.choose(id);
  }

  /** Brings an image into sight as the active one. */
  private go(id: number): void {
    this.active = id;
    const top = Math.floor(id / this.columns) * this.pitch;
    const { scrollTop, clientHeight } = this.element;
    if (top < scrollTop) this.element.scrollTop = top;
    else if (top + this.side > scrollTop + clientHeight) this.element.scrollTop = top + this.side - clientHeight;
    this.draw();
    this.mark();
  }
}
