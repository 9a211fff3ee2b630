/** Where images or a run come from: dropped, picked, the set that comes with the page, or a run kept in this browser. */
import { count, element, plural } from "../../view/index.js";
import type { Given, GivenFile, KeptRun } from "../protocol.js";
import { dropped, givenBy, picked } from "./given.js";

export interface Chosen {
  open(from: Given): void;
  forget(run: string): void;
  /** What of a drop or a pick cannot be taken. */
  complain(words: string): void;
}

export class Chooser {
  readonly element: HTMLElement;
  private readonly zone: HTMLElement;
  private readonly kept = element("div", { class: "keptRuns", hidden: true });

  constructor(private readonly chosen: Chosen) {
    const files = this.input({ multiple: true, accept: "image/*,.zip", "aria-label": "Images or zips" });
    const folder = this.input({ webkitdirectory: true, "aria-label": "A folder of images" });
    const button = (name: string, kind: string, act: () => void): HTMLElement =>
      element("button", { type: "button", class: kind, onclick: act }, name);
    this.zone = element(
      "div",
      { class: "zone" },
      element("p", { class: "big" }, "Drop a folder, images or a zip here"),
      element(
        "p",
        { class: "muted" },
        "JPEG, PNG, WebP, GIF, AVIF or BMP, from a hundred images on. Folders side by side are taken as classes; none are needed. ",
        "The zip of a run opens that run.",
      ),
      element(
        "div",
        { class: "row" },
        button("Choose a folder", "main", () => folder.click()),
        button("Choose images or a zip", "quiet", () => files.click()),
        button("Use the bundled set", "quiet", () => chosen.open({ bundled: true })),
      ),
      files,
      folder,
    );
    this.element = element("div", { class: "chooser" }, this.zone, this.kept);
    this.listen();
  }

  /** The runs in this browser's storage. */
  show(runs: readonly KeptRun[]): void {
    this.kept.hidden = runs.length === 0;
    this.kept.replaceChildren(
      element("h3", {}, "Runs kept in this browser"),
      element("ul", {}, ...runs.map((run) => this.keptRun(run))),
    );
  }

  private keptRun(run: KeptRun): HTMLElement {
    const { name, data, images, epoch, epochs, started } = run;
    const open = element(
      "button",
      { type: "button", class: "quiet", "aria-label": `Open ${name}`, onclick: () => this.chosen.open({ kept: name }) },
      "Open",
    );
    let isSure = false;
    const forget = element("button", { type: "button", class: "quiet", "aria-label": `Delete ${name}` }, "Delete");
    forget.addEventListener("click", () => {
      if (isSure) return this.chosen.forget(name);
      isSure = true;
      forget.textContent = "Delete for good";
      forget.setAttribute("aria-label", `Delete ${name} for good`);
    });
    return element(
      "li",
      {},
      element(
        "div",
        {},
        element("strong", {}, data),
        element(
          "p",
          { class: "muted" },
          `${plural(images, "image")} · epoch ${count(epoch)} of ${count(epochs)} · ${when.format(new Date(started))}`,
        ),
      ),
      open,
      forget,
    );
  }

  private input(attributes: Readonly<Record<string, string | boolean>>): HTMLInputElement {
    const input = element("input", { type: "file", hidden: true, ...attributes });
    input.addEventListener("change", () => {
      this.take(picked(input.files ?? []));
      input.value = ""; // so that the same files can be picked again
    });
    return input;
  }

  /** A drop anywhere on the page is meant. */
  private listen(): void {
    const { zone } = this;
    let inside = 0;
    const over = (by: number): void => {
      inside = Math.max(0, inside + by);
      zone.classList.toggle("over", inside > 0);
    };
    addEventListener("dragenter", () => over(1));
    addEventListener("dragleave", () => over(-1));
    addEventListener("dragover", (event) => event.preventDefault());
    addEventListener("drop", (event) => {
      event.preventDefault();
      over(-inside);
      if (event.dataTransfer)
        dropped(event.dataTransfer).then(
          (files) => this.take(files),
          (error: Error) => this.chosen.complain(`What was dropped cannot be read: ${error.message}`),
        );
    });
  }

  private async take(files: readonly GivenFile[]): Promise<void> {
    if (this.element.closest("[hidden]"))
      return this.chosen.complain("What is under way comes first: open other images once it has ended, or stop it.");
    if (files.length === 0) return this.chosen.complain("There are no files in what was given.");
    this.chosen.open(await givenBy(files));
  }
}

const when = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
