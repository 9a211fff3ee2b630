/** The confusion matrix as a table: rows are true classes, the heat of a cell its share of the row. */
import type { Confusion } from "../report/index.js";
import { type Child, element, section } from "./element.js";
import { count, figure, percent } from "./numbers.js";

/** Of more classes nobody reads a table: the worst mistakes are listed alone. */
const mostInTable = 60;

/** The matrix; in words only where there are no labels. */
export function confusionSection(confusion: Confusion | null, classes: readonly string[] | null): HTMLElement {
  if (!confusion)
    return section(
      "confusion",
      "Confusion matrix",
      null,
      element("p", { class: "empty" }, "It needs images with labels."),
    );
  const names = classes ?? confusion.counts.map((_, i) => `class ${i}`);
  return section(
    "confusion",
    "Confusion matrix",
    `Weighted kNN (k = ${confusion.k}) on a held-out fifth of the images: ${figure(confusion.top1)} % right.${
      names.length <= mostInTable ? " A row is a true class, a column what it was taken for." : ""
    }`,
    names.length <= mostInTable
      ? element(
          "div",
          { class: "scroll", tabindex: 0, role: "region", "aria-label": "Confusion matrix" },
          table(confusion.counts, names),
        )
      : null,
    worst(confusion.counts, names),
  );
}

function table(counts: Confusion["counts"], names: readonly string[]): HTMLTableElement {
  const head = element(
    "tr",
    {},
    element("td", {}),
    ...names.map((name) => element("th", { scope: "col" }, element("span", { class: "slanted" }, name))),
    element("th", { scope: "col" }, element("span", { class: "slanted" }, "right")),
  );
  const rows = counts.map((row, truth) => {
    const total = row.reduce((sum, n) => sum + n, 0) || 1;
    return element(
      "tr",
      {},
      element("th", { scope: "row" }, names[truth]),
      ...row.map((n, predicted) =>
        cell(n, n / total, predicted === truth, `${names[truth]} taken for ${names[predicted]}`),
      ),
      element("td", { class: "recall" }, percent(row[truth] / total)),
    );
  });
  return element(
    "table",
    { class: "confusion", "--longest": Math.max(5, ...names.map((name) => name.length)) },
    element("thead", {}, head),
    element("tbody", {}, ...rows),
  );
}

const cell = (n: number, share: number, right: boolean, title: string): HTMLElement =>
  element(
    "td",
    {
      class: `${right ? "right" : "wrong"}${share > 0.5 ? " hot" : ""}`,
      "--heat": Math.sqrt(share).toFixed(3),
      title: `${title}: ${n}`,
    },
    n > 0 ? count(n) : element("span", { class: "zero" }, "·"),
  );

/** The classes most often taken for another. */
function worst(counts: Confusion["counts"], names: readonly string[]): HTMLElement | null {
  const pairs = counts
    .flatMap((row, truth) => row.map((n, predicted) => ({ n, truth, predicted })))
    .filter(({ n, truth, predicted }) => truth !== predicted && n > 0)
    .sort((a, b) => b.n - a.n)
    .slice(0, names.length <= mostInTable ? 3 : 30);
  const words: Child[] = pairs.map(({ n, truth, predicted }) =>
    element("li", {}, `${names[truth]} for ${names[predicted]} (${count(n)})`),
  );
  return words.length > 0
    ? element(
        "div",
        { class: "worst" },
        element("span", { class: "muted" }, "Most often mistaken:"),
        element("ul", {}, ...words),
      )
    : null;
}
