/** What went wrong, or is missing, in words: what lasts stays, the rest can be put away. */
import { element } from "../../view/index.js";

export class Problems {
  readonly element = element("div", { class: "problems", role: "status", "aria-label": "Problems" });
  private readonly told = new Map<string, HTMLElement>();

  /** Shows a problem once, however often it is told. */
  tell(words: string, isLasting: boolean): void {
    this.told.get(words)?.remove();
    const away = element(
      "button",
      {
        type: "button",
        class: "quiet away",
        "aria-label": "Put away",
        title: "Put away",
        onclick: () => this.drop(words),
      },
      "✕",
    );
    const shown = element("p", { class: isLasting ? "problem lasting" : "problem" }, element("span", {}, words), away);
    this.told.set(words, shown);
    this.element.append(shown);
  }

  /** Puts all away. */
  clear(): void {
    this.told.clear();
    this.element.replaceChildren();
  }

  private drop(words: string): void {
    this.told.get(words)?.remove();
    this.told.delete(words);
  }
}
