/** The chosen image, where it stands in the hierarchy, and what is nearest to it. */
import { clusterName } from "./categories.js";
import { element } from "./element.js";
import type { Gallery } from "./gallery.js";

export function chosenPanel(gallery: Gallery): HTMLElement {
  const panel = element("div", { class: "chosen", "aria-live": "polite" });
  let shown: number | null | undefined;
  const draw = (): void => {
    if (shown === gallery.chosen) return;
    shown = gallery.chosen;
    panel.replaceChildren(...(shown === null ? [nothing()] : about(gallery, shown)));
  };
  draw();
  gallery.onChange(draw);
  return panel;
}

const nothing = (): HTMLElement =>
  element(
    "p",
    { class: "muted" },
    "Choose an image on the map, or any thumbnail of this page, to see its nearest images.",
  );

function about(gallery: Gallery, id: number): readonly HTMLElement[] {
  const { images, thumbnails } = gallery;
  const clusters = images.clusters.map((of, level) => clusterName(level, of[id]));
  return [
    element(
      "div",
      { class: "portrait" },
      thumbnails.element(id, 112),
      element(
        "div",
        {},
        element("h3", { class: "file" }, images.names[id]),
        gallery.label(id) ? element("p", {}, gallery.label(id)) : null,
        ...clusters.reverse().map((name) => element("p", { class: "muted" }, name)),
      ),
    ),
    element("h4", {}, "Nearest images and their cosines"),
    gallery.strip(id, 12, 56),
  ];
}
