/** The map, the search that marks images on it, and what is known of the chosen one. */
import { chosenPanel } from "./chosen.js";
import { element, section } from "./element.js";
import type { Gallery } from "./gallery.js";
import { MapView } from "./map.js";
import { search } from "./search.js";

export function exploreSection(gallery: Gallery): HTMLElement {
  const { box, results } = search(gallery);
  const panel = element("div", { class: "panel", id: "chosen" }, box, results, chosenPanel(gallery));
  return section(
    "map",
    "Map of the images",
    "Images with similar embeddings lie close together. Come near enough and the dots become pictures.",
    element("div", { class: "explore" }, new MapView(gallery).element, panel),
  );
}
