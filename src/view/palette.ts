/**
 * Colours of classes and clusters. The first ten are Petroff's, made to be told apart with any colour vision; more step round
 * the hue circle by the golden angle while their lightness alternates, so that neighbours in number differ in both.
 */
import { hcl, lab } from "d3";
import { isDark, onTheme } from "./theme.js";

const ten = [
  "#3f90da",
  "#ffa90e",
  "#bd1f01",
  "#832db6",
  "#94a4a2",
  "#a96b59",
  "#e76300",
  "#b9ac70",
  "#717581",
  "#92dadd",
];
const goldenAngle = 137.508;
const lightnesses = [46, 68, 57];

/** Colours of `n` categories that show on the theme's ground. */
export function palette(n: number): readonly string[] {
  const all =
    n <= ten.length
      ? ten.slice(0, n)
      : Array.from({ length: n }, (_, i) => hcl(i * goldenAngle, 48, lightnesses[i % lightnesses.length]).formatHex());
  return all.map((colour) => seen(colour));
}

/** Lifted on dark ground, lowered on light. */
function seen(colour: string): string {
  const { l, a, b } = lab(colour);
  return lab(isDark() ? Math.max(l, 52) : Math.min(l, 74), a, b).formatHex();
}

/** Keeps the colours of the labels in CSS variables, which follow the theme while their owner is on the page, without anything being drawn again. */
export function paintLabels(owner: Element, n: number): void {
  const paint = (): void =>
    palette(n).forEach((colour, label) => {
      document.documentElement.style.setProperty(`--label-${label}`, colour);
    });
  paint();
  onTheme(owner, paint);
}

export const labelColour = (label: number): string => `var(--label-${label})`;
