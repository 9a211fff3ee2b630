/** Numbers in large type, each under its name. */
import { element } from "./element.js";

export interface KeyFigure {
  readonly name: string;
  readonly value: string;
  readonly beside?: string;
}

export const figureList = (figures: readonly KeyFigure[]): HTMLElement =>
  element(
    "dl",
    { class: "figures" },
    ...figures.map(({ name, value, beside }) =>
      element(
        "div",
        {},
        element("dt", {}, name),
        element("dd", {}, value, beside ? element("small", {}, ` ${beside}`) : null),
      ),
    ),
  );
