/** The whole report: sections made from the data, and remade as far as the data changed. */
import type { Curves, ReportData } from "../../report/index.js";
import {
  CurvesView,
  confusionSection,
  element,
  exploreSection,
  Gallery,
  HeaderView,
  paintLabels,
  recipeSection,
  retrievalSection,
  section,
  themeToggle,
  treeSection,
} from "../../view/index.js";

const places = [
  ["curves", "Curves"],
  ["tree", "Prototypes"],
  ["map", "Map"],
  ["retrieval", "Retrieval"],
  ["confusion", "Confusion"],
  ["recipe", "Recipe"],
] as const;

export class Page {
  private readonly header = new HeaderView();
  private readonly curves = new CurvesView();
  private readonly rest = element("div", {});
  private readonly status = element("span", { class: "status", role: "status" });
  private gallery: Gallery | null = null;
  private shown = "";

  constructor() {
    const links = places.map(([id, name]) => element("li", {}, element("a", { href: `#${id}` }, name)));
    document.body.append(
      element("a", { class: "skip", href: "#top" }, "Skip to the report"),
      element(
        "nav",
        { "aria-label": "Sections" },
        element("div", { class: "bar" }, element("ul", {}, ...links), this.status, themeToggle()),
      ),
      element("main", { tabindex: -1 }, this.header.element, this.curves.element, this.rest),
    );
  }

  /** Whether numbers still come, in a word; nothing for a finished report. */
  say(status: string, kind: "live" | "waiting"): void {
    this.status.textContent = status;
    this.status.dataset.kind = kind;
  }

  update(data: ReportData): void {
    document.title = `${data.run.name} · HCSC`;
    this.updateCurves(data, data.curves);
    const state = JSON.stringify([data.run.name, data.run.step, data.images?.names.length, data.tree.kind]);
    if (state === this.shown) return;
    this.shown = state;
    this.updateRest(data);
  }

  updateCurves(data: ReportData, curves: Curves): void {
    this.header.update({ ...data, curves });
    this.curves.update(curves, data.run);
  }

  private updateRest({ run, images, tree, confusion }: ReportData): void {
    this.gallery?.thumbnails.release();
    this.gallery = images && new Gallery(images);
    const names = this.gallery?.classes ?? null;
    const prototypes = treeSection(tree, this.gallery);
    if (names) paintLabels(prototypes, names.length);
    this.rest.replaceChildren(
      prototypes,
      ...(this.gallery
        ? [exploreSection(this.gallery), retrievalSection(this.gallery)]
        : [section("map", "Map and retrieval", null, howToGetImages())]),
      confusionSection(confusion, names),
      recipeSection(run),
    );
  }
}

const howToGetImages = (): HTMLElement =>
  element("p", { class: "empty" }, "Images are embedded when a report is made: ", element("code", {}, "hcsc report"));
