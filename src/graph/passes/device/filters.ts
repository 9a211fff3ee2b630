/** Filters that a graph turned. */

import { producer, type Value } from "../../value.js";
import { imagesFirst } from "../expand/deviceFilters.js";

/** What `v` was before its first two axes were swapped; null if they were not. */
export function unswapped(v: Value): Value | null {
  const made = producer(v);
  const perm = made?.op === "Transpose" && made.domain === "" ? made.attributes.perm : null;
  return String(perm) === String(imagesFirst) ? (made?.inputs[0] as Value) : null;
}
