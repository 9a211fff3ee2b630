/** Colours and what they stand for. */
import { type Child, element } from "./element.js";

/** With more names than this, colours no longer tell them apart. */
export const mostInLegend = 24;

/** A legend of buttons where `choose` is given, of text otherwise. */
export function legend(
  names: readonly string[],
  colours: readonly string[],
  choose?: (index: number) => void,
): HTMLUListElement {
  const entry = (name: string, i: number): HTMLElement => {
    const parts: Child[] = [element("span", { class: "swatch", "--colour": colours[i], "aria-hidden": "true" }), name];
    return choose
      ? element("button", { type: "button", class: "chip", onclick: () => choose(i) }, ...parts)
      : element("span", { class: "key" }, ...parts);
  };
  return element("ul", { class: "legend" }, ...names.map((name, i) => element("li", {}, entry(name, i))));
}
