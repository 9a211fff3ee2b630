/** The prototypes as a tree of native disclosures, coarsest level first; what is under a node is made when it is opened. */
import type { Tree, TreeNode } from "../report/index.js";
import { clusterName } from "./categories.js";
import { element, section } from "./element.js";
import type { Gallery } from "./gallery.js";
import { legend, mostInLegend } from "./legend.js";
import { mixBar } from "./mix.js";
import { count, plural, three } from "./numbers.js";
import { labelColour } from "./palette.js";

const lead =
  "Every prototype is the centre of a cluster of images; coarser levels group the clusters of finer ones. " +
  "Open a node to see what it holds. A smaller temperature τ means a tighter cluster.";

/** The tree in words where there is none. */
export function treeSection(tree: Tree, gallery: Gallery | null): HTMLElement {
  const made = section("tree", "Prototype tree", tree.kind === "levels" ? lead : null);
  if (tree.kind === "none") made.append(element("p", { class: "empty" }, tree.why));
  else made.append(...new TreeView(tree.levels, gallery).parts());
  return made;
}

class TreeView {
  /** Ids of the nodes under each node of a level, the largest first. */
  private readonly under: readonly (readonly (readonly number[])[])[];
  private readonly classes: readonly string[] | null;
  /** Nodes that the reader left open, by level. */
  private readonly opened: readonly ReadonlySet<number>[];

  constructor(
    private readonly levels: readonly (readonly TreeNode[])[],
    private readonly gallery: Gallery | null,
  ) {
    this.under = levels.map((nodes, level) => nodes.map((_, id) => (level === 0 ? [] : this.children(level, id))));
    this.classes = gallery?.classes ?? null;
    const open = Array.from(gallery?.reading.opened.values() ?? []);
    this.opened = levels.map((_, level) => {
      const images = open.filter((node) => node.level === level).map(({ image }) => image);
      return new Set(images.map((image) => gallery?.images.clusters[level]?.[image] ?? -1));
    });
  }

  parts(): readonly HTMLElement[] {
    const top = this.levels.length - 1;
    const ids = bySize(this.levels[top], Array.from(this.levels[top].keys()));
    const key =
      this.classes &&
      this.classes.length <= mostInLegend &&
      legend(
        this.classes,
        this.classes.map((_, label) => labelColour(label)),
      );
    const root = element("ul", { class: "tree", "aria-label": "Prototypes of the coarsest level" });
    root.append(...ids.map((id) => this.node(top, id)));
    return key ? [key, root] : [root];
  }

  private children(level: number, id: number): readonly number[] {
    const below = this.levels[level - 1];
    return bySize(
      below,
      Array.from(below.keys()).filter((child) => below[child].parent === id),
    );
  }

  private node(level: number, id: number): HTMLElement {
    const node = this.levels[level][id];
    const details = element("details", { open: this.opened[level].has(id) }, this.row(level, id, node));
    details.addEventListener("toggle", () => {
      this.remember(level, id, details.open);
      if (details.open && details.childElementCount === 1) details.append(this.inside(level, id, node));
    });
    return element("li", {}, details);
  }

  /** Notes what is open, by an image under the node. */
  private remember(level: number, id: number, isOpen: boolean): void {
    const open = this.gallery?.reading.opened;
    const [image] = this.levels[level][id].nearest;
    if (!open || image === undefined) return;
    for (const [key, other] of open)
      if (other.level === level && this.gallery?.images.clusters[level]?.[other.image] === id) open.delete(key);
    if (isOpen) open.set(`${level}:${image}`, { level, image });
  }

  private row(level: number, id: number, node: TreeNode): HTMLElement {
    const pictures = node.nearest.slice(0, 8).map((image) => this.gallery?.thumbnails.element(image, 36) ?? null);
    return element(
      "summary",
      {},
      element(
        "span",
        { class: "node" },
        element("span", { class: "id" }, `${id}`),
        element("span", { class: "facts" }, `${plural(node.size, "image")} · τ ${three(node.temperature)}`),
      ),
      element("span", { class: "pictures", "aria-hidden": "true" }, ...pictures),
      node.mix && this.classes ? mixBar(node.mix, this.classes) : null,
      element("span", { class: "hidden" }, `, ${clusterName(level, id)}, ${this.holds(level, id)}`),
    );
  }

  private holds(level: number, id: number): string {
    const below = this.under[level][id].length;
    return below > 0 ? plural(below, "prototype below", "prototypes below") : "finest level";
  }

  private inside(level: number, id: number, node: TreeNode): HTMLElement {
    const { gallery } = this;
    const children = this.under[level][id];
    const show = gallery && gallery.images.clusters.length > level ? this.showOnMap(gallery, level, id, node) : null;
    const nearest = gallery && element("ol", { class: "strip" });
    nearest?.append(...node.nearest.map((image) => element("li", {}, gallery?.button(image, 56) ?? null)));
    return element(
      "div",
      { class: "inside" },
      element(
        "p",
        { class: "row" },
        element("span", { class: "muted" }, `${clusterName(level, id)}: nearest images`),
        show,
      ),
      nearest,
      children.length > 0
        ? element(
            "ul",
            { class: "tree", "aria-label": `Prototypes under ${clusterName(level, id)}` },
            ...children.map((child) => this.node(level - 1, child)),
          )
        : null,
    );
  }

  private showOnMap(gallery: Gallery, level: number, id: number, node: TreeNode): HTMLElement {
    const onclick = (): void => {
      const ids = gallery.images.clusters[level].flatMap((cluster, image) => (cluster === id ? [image] : []));
      gallery.mark({ what: clusterName(level, id), ids: new Set(ids) });
      document.getElementById("map")?.scrollIntoView();
    };
    return element("button", { type: "button", class: "quiet", onclick }, `Show ${count(node.size)} on the map`);
  }
}

const bySize = (nodes: readonly TreeNode[], ids: readonly number[]): readonly number[] =>
  [...ids].sort((a, b) => nodes[b].size - nodes[a].size);
