/** Where the map's points lie on screen, and which point lies where. */
import { extent, type Quadtree, quadtree, type ZoomTransform, zoomIdentity } from "d3";

/** Pixels that the whole map leaves free at each side of the frame: half a picture, its border, and a little air. */
const edge = 24;

export class MapFrame {
  width = 1;
  height = 1;
  zoom: ZoomTransform = zoomIdentity;
  /** Made when a place is first asked for. */
  private tree: Quadtree<number> | null = null;
  /** Middle and extent of the points. */
  private readonly middle: readonly [number, number];
  private readonly extent: readonly [number, number];

  /** @param map - x, y of each image within 0..1, one after the other */
  constructor(private readonly map: readonly number[]) {
    const sides = [0, 1].map((axis) => extent(map.filter((_, i) => i % 2 === axis)) as [number, number]);
    const of = (f: (low: number, high: number) => number) => [f(...sides[0]), f(...sides[1])] as const;
    this.middle = of((low, high) => (low + high) / 2);
    this.extent = of((low, high) => high - low || 1);
  }

  get size(): number {
    return this.map.length / 2;
  }

  /** As it is now, and stays, while this one is moved on: for what is drawn in several tasks. */
  still(): MapFrame {
    return Object.assign(Object.create(MapFrame.prototype) as MapFrame, this);
  }

  /** Pixels from 0 to 1. */
  get side(): number {
    return this.zoom.k * this.unit;
  }

  x(id: number): number {
    return this.zoom.applyX(this.width / 2 + (this.map[2 * id] - this.middle[0]) * this.unit);
  }

  y(id: number): number {
    return this.zoom.applyY(this.height / 2 + (this.map[2 * id + 1] - this.middle[1]) * this.unit);
  }

  /** The image nearest to a place in the frame, at most `radius` pixels away. */
  at(x: number, y: number, radius: number): number | null {
    const mapX = (this.zoom.invertX(x) - this.width / 2) / this.unit + this.middle[0];
    const mapY = (this.zoom.invertY(y) - this.height / 2) / this.unit + this.middle[1];
    this.tree ??= this.grown();
    return this.tree.find(mapX, mapY, radius / this.side) ?? null;
  }

  private grown(): Quadtree<number> {
    const { map } = this;
    return quadtree<number>(
      Array.from({ length: this.size }, (_, id) => id),
      (id) => map[2 * id],
      (id) => map[2 * id + 1],
    );
  }

  private get unit(): number {
    return Math.min(inside(this.width) / this.extent[0], inside(this.height) / this.extent[1]);
  }
}

/** Of a side of the frame: at least half, however small the frame is. */
const inside = (side: number): number => Math.max(side / 2, side - 2 * edge);
