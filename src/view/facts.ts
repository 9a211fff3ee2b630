/** What the run was: its recipe and the versions it ran on. */
import { group as grouped } from "d3";
import type { RunFacts } from "../report/index.js";
import { element, section } from "./element.js";
import { short } from "./numbers.js";

export const recipeSection = (run: RunFacts): HTMLElement =>
  section(
    "recipe",
    "Recipe and environment",
    null,
    element("div", { class: "facts" }, ...recipe(run.recipe), ...environment(run)),
  );

/** Fields by the group their dotted name begins with. */
function recipe(fields: RunFacts["recipe"]): readonly HTMLElement[] {
  const groups = grouped(fields, ([name]) => (name.includes(".") ? name.slice(0, name.indexOf(".")) : "recipe"));
  return Array.from(groups, ([group, rows]) =>
    facts(
      group,
      rows.map(([name, value]) => [withoutGroup(name, group), short(value)]),
    ),
  );
}

const withoutGroup = (name: string, group: string): string =>
  name.startsWith(`${group}.`) ? name.slice(group.length + 1) : name;

const environment = (run: RunFacts): readonly HTMLElement[] => [
  facts("run", [
    ["name", run.name],
    ["data", run.data],
    ["started", run.started],
    ...(run.provider === null ? [] : ([["provider", run.provider]] as const)),
  ]),
  facts("environment", Object.entries(run.versions)),
];

const facts = (caption: string, rows: readonly (readonly [string, string])[]): HTMLElement =>
  element(
    "table",
    { class: "facts" },
    element("caption", {}, caption),
    element(
      "tbody",
      {},
      ...rows.map(([name, value]) =>
        element("tr", {}, element("th", { scope: "row" }, name), element("td", {}, value)),
      ),
    ),
  );
