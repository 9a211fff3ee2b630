/** Where the map's points lie on screen, and which point lies where. */
import { type Quadtree, quadtree, type ZoomTransform, zoomIdentity } from "d3";

/** Share of the frame's shorter side that the whole map takes. */
const fill = 0.92;

export class MapFrame {
  width = 1;
  height = 1;
  zoom: ZoomTransform = zoomIdentity;
  private readonly tree: Quadtree<number>;

  /** @param map - x, y of each image within 0..1, one after the other */
  constructor(private readonly map: readonly number[]) {
    this.tree = quadtree<number>(
      Array.from({ length: map.length / 2 }, (_, id) => id),
      (id) => map[2 * id],
      (id) => map[2 * id + 1],
    );
  }

  get size(): number {
    return this.map.length / 2;
  }

  /** Pixels of the map's side. */
  get side(): number {
    return this.zoom.k * this.unit;
  }

  x(id: number): number {
    return this.zoom.applyX(this.width / 2 + (this.map[2 * id] - 0.5) * this.unit);
  }

  y(id: number): number {
    return this.zoom.applyY(this.height / 2 + (this.map[2 * id + 1] - 0.5) * this.unit);
  }

  /** The image nearest to a place in the frame, at most `radius` pixels away. */
  at(x: number, y: number, radius: number): number | null {
    const mapX = (this.zoom.invertX(x) - this.width / 2) / this.unit + 0.5;
    const mapY = (this.zoom.invertY(y) - this.height / 2) / this.unit + 0.5;
    return this.tree.find(mapX, mapY, radius / this.side) ?? null;
  }

  private get unit(): number {
    return Math.min(this.width, this.height) * fill;
  }
}
