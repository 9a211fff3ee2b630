/** What can be taken from a run as files. */
import { element } from "../../view/index.js";
import { type Download, downloads } from "../protocol.js";

const kinds: Readonly<Record<Download, { readonly name: string; readonly words: string }>> = {
  encoder: { name: "Encoder", words: "encoder.onnx, with its preprocessing: runs wherever ONNX does" },
  "embeddings-parquet": { name: "Embeddings as Parquet", words: "a row an image: file, vector, clusters" },
  "embeddings-npy": { name: "Embeddings as .npy", words: "a matrix for NumPy, in the order of the images" },
  run: { name: "The run", words: "a zip that this page opens, and hcsc in Node goes on with" },
  report: { name: "The report", words: "one HTML file: curves, tree and map, to keep or to send" },
};

export class Takeaways {
  readonly element: HTMLElement;
  private readonly buttons = new Map<Download, HTMLButtonElement>();

  constructor(ask: (what: Download) => void) {
    const entries = downloads.map((what) => {
      const { name, words } = kinds[what];
      const act = (): void => {
        this.busy(what, true);
        ask(what);
      };
      const button = element("button", { type: "button", class: "quiet", onclick: act }, name);
      this.buttons.set(what, button);
      return element("li", { class: "card" }, button, element("span", { class: "muted" }, words));
    });
    this.element = element("ul", { class: "takeaways" }, ...entries);
  }

  /** Gives a file to the person. */
  give(what: Download, name: string, file: Blob): void {
    this.busy(what, false);
    const href = URL.createObjectURL(file);
    element("a", { href, download: name }).click();
    setTimeout(() => URL.revokeObjectURL(href), 60_000);
  }

  /** After something failed: nothing is being made. */
  idle(): void {
    for (const what of downloads) this.busy(what, false);
  }

  private busy(what: Download, isBusy: boolean): void {
    const button = this.buttons.get(what);
    if (button) Object.assign(button, { disabled: isBusy, ariaBusy: String(isBusy) });
  }
}
