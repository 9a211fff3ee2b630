/** The labels of some images as one bar. */
import { element } from "./element.js";
import { percent } from "./numbers.js";
import { labelColour } from "./palette.js";

interface Share {
  readonly label: number;
  readonly share: number;
}

/** Classes by their share, falling, absent ones left out. */
export function shares(mix: readonly number[]): readonly Share[] {
  const total = mix.reduce((sum, n) => sum + n, 0);
  return mix
    .map((n, label) => ({ label, share: n / Math.max(1, total) }))
    .filter(({ share }) => share > 0)
    .sort((a, b) => b.share - a.share);
}

/** The bar, in words for those who do not see it; the commonest classes are written beside it. */
export function mixBar(mix: readonly number[], classes: readonly string[]): HTMLElement {
  const falling = shares(mix);
  if (falling.length === 0) return element("span", { class: "mix" }, element("span", { class: "bar" }), "no images");
  const words = falling.map(({ label, share }) => `${classes[label]} ${percent(share)}`);
  const bar = element("span", { class: "bar", role: "img", "aria-label": words.join(", "), title: words.join("\n") });
  bar.append(
    ...falling.map(({ label, share }) =>
      element("span", { class: "share", "--colour": labelColour(label), "--share": share }),
    ),
  );
  return element(
    "span",
    { class: "mix" },
    bar,
    element("span", { class: "commonest", "aria-hidden": "true" }, words.slice(0, 3).join(", ")),
  );
}
