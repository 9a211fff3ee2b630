/** Files that were left out, by name. */
import { element, plural } from "../../view/index.js";
import type { Skipped } from "../protocol.js";

/** Of more, a list is no help. */
const mostListed = 500;

/** @returns null where none was left out */
export function skippedList(skipped: readonly Skipped[]): HTMLElement | null {
  if (skipped.length === 0) return null;
  const shown = skipped.slice(0, mostListed);
  const rest = skipped.length - shown.length;
  return element(
    "details",
    { class: "skipped" },
    element("summary", {}, `${plural(skipped.length, "file")} left out`),
    element(
      "ul",
      {},
      ...shown.map(({ name, reason }) => element("li", {}, element("code", {}, name), ` ${reason}`)),
      rest > 0 ? element("li", {}, `and ${rest} more`) : null,
    ),
  );
}
