/** What a reader has done to the page, which stays when new data are drawn. */
import type { ZoomTransform } from "d3";

export interface Reading {
  /** The chosen image. */
  chosen: number | null;
  /** Title of what colours the map; null: the first choice. */
  colouredBy: string | null;
  /** Of the map; null: it shows all. */
  zoom: ZoomTransform | null;
  /** The open nodes of the tree: level, and the image nearest to the node, as clusters have other numbers after each clustering. */
  readonly opened: Map<string, OpenNode>;
}

export interface OpenNode {
  readonly level: number;
  readonly image: number;
}

export const nothingDone = (): Reading => ({ chosen: null, colouredBy: null, zoom: null, opened: new Map() });
