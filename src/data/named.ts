/** Images of a set by their names. */
import type { ImageSource } from "./source.js";

/**
 * The images that go by some names: their own, or the last part of it where no two images have that.
 *
 * @returns indices, rising, and the names that are none's
 */
export function imagesNamed(
  { count, name }: Pick<ImageSource, "count" | "name">,
  names: readonly string[],
): { readonly images: Int32Array; readonly unknown: readonly string[] } {
  const ids = new Map<string, number>();
  const seen = new Set<string>();
  for (let i = 0; i < count; i++) {
    const last = name(i).replace(/^.*[/\\]/, "");
    if (seen.has(last)) ids.delete(last);
    else ids.set(last, i);
    seen.add(last);
  }
  for (let i = 0; i < count; i++) ids.set(name(i), i);
  const found = names.flatMap((n) => ids.get(n) ?? []);
  return { images: Int32Array.from(new Set(found)).sort(), unknown: names.filter((n) => !ids.has(n)) };
}
