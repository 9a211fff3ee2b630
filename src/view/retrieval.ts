/** Some images and what the encoder holds to be most like them. */
import { element, section } from "./element.js";
import type { Gallery } from "./gallery.js";

const queries = 6;
const nearest = 8;

export function retrievalSection(gallery: Gallery): HTMLElement {
  const list = element("ul", { class: "queries" });
  let turn = 0;
  const draw = (): void => {
    list.replaceChildren(...examples(gallery, turn).map((query) => row(gallery, query)));
  };
  const next = (): void => {
    turn++;
    draw();
  };
  draw();
  const lead = gallery.images.labels
    ? "The most similar images by the cosine of their embeddings; those of another class carry its name."
    : "The most similar images by the cosine of their embeddings.";
  const others = element("button", { type: "button", class: "quiet", onclick: next }, "Other examples");
  return section("retrieval", "Retrieval", lead, list, others);
}

/** Queries spread evenly over the images, of as many classes as there is room for. */
function examples({ images, classes, size }: Gallery, turn: number): readonly number[] {
  const { labels } = images;
  if (!labels || !classes) {
    const spread = Array.from({ length: Math.min(queries, size) }, (_, i) => Math.floor((i * size) / queries) + turn);
    return spread.map((id) => id % size);
  }
  const chosen = Array.from(
    { length: Math.min(queries, classes.length) },
    (_, i) => (turn * queries + i) % classes.length,
  );
  return chosen.flatMap((label) => {
    const members = labels.flatMap((l, id) => (l === label ? [id] : []));
    return members.length > 0 ? [members[(turn * 7) % members.length]] : [];
  });
}

const row = (gallery: Gallery, query: number): HTMLElement =>
  element(
    "li",
    { class: "query" },
    element(
      "div",
      { class: "asked" },
      gallery.button(query, 72),
      element("span", { class: "muted" }, gallery.label(query) ?? gallery.images.names[query]),
    ),
    gallery.strip(query, nearest, 48),
  );
