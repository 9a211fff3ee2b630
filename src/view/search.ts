/** Finds images by file name, class or `cluster 12`: marks them on the map and lists the first. */
import { clusterName } from "./categories.js";
import { element } from "./element.js";
import type { Gallery, Marking } from "./gallery.js";
import { count, plural } from "./numbers.js";

const mostListed = 48;
const clusterQuery = /^cluster\s+(\d+)(?:\s+(?:of\s+)?level\s+(\d+))?$/i;

/** The images a query means: of a cluster (of level 1 unless it names another), or by a part of their name or class. */
export function found({ images, classes }: Gallery, query: string): Marking {
  const cluster = clusterQuery.exec(query.trim());
  const matches = (test: (id: number) => boolean): ReadonlySet<number> =>
    new Set(Array.from(images.names.keys()).filter(test));
  if (cluster) {
    const [id, level] = [Number(cluster[1]), Number(cluster[2] ?? 1) - 1];
    return { what: clusterName(level, id), ids: matches((image) => images.clusters[level]?.[image] === id) };
  }
  const part = query.trim().toLowerCase();
  const meant = new Set(classes?.flatMap((name, label) => (name.toLowerCase().includes(part) ? [label] : [])));
  const isMeant = (id: number): boolean => images.labels !== null && meant.has(images.labels[id]);
  return {
    what: `“${query.trim()}”`,
    ids: matches((id) => images.names[id].toLowerCase().includes(part) || isMeant(id)),
  };
}

export interface Search {
  readonly box: HTMLElement;
  readonly results: HTMLElement;
}

export function search(gallery: Gallery): Search {
  const field = element("input", {
    type: "search",
    id: "search",
    placeholder: "file name, class, cluster 12",
    autocomplete: "off",
    spellcheck: "false",
  });
  const results = element("div", { class: "results", "aria-live": "polite" });
  field.addEventListener("input", () => gallery.mark(field.value.trim() ? found(gallery, field.value) : null));
  let shown: Marking | null = null;
  gallery.onChange(() => {
    if (shown === gallery.marking) return;
    shown = gallery.marking;
    if (!shown) field.value = "";
    results.replaceChildren(...(shown ? listed(gallery, shown) : []));
  });
  const box = element("search", { class: "row" }, element("label", { for: "search" }, "Find"), field);
  return { box, results };
}

function listed(gallery: Gallery, { what, ids }: Marking): readonly HTMLElement[] {
  const clear = element("button", { type: "button", class: "quiet", onclick: () => gallery.mark(null) }, "Clear");
  const first = Array.from(ids).slice(0, mostListed);
  const more = ids.size > first.length ? `, the first ${count(first.length)} here` : "";
  return [
    element("p", { class: "row" }, element("span", {}, `${plural(ids.size, "image")} for ${what}${more}`), clear),
    element("ul", { class: "strip" }, ...first.map((id) => element("li", {}, gallery.button(id, 44)))),
  ];
}
