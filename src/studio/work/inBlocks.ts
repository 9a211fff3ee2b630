/** A report as it is told to the page. */
import type { ReportData } from "../../report/index.js";

/** The same report, its longest lists as blocks of memory: 240,000 numbers would keep the page's thread for 50 ms. */
export function inBlocks(data: ReportData): ReportData {
  const { images } = data;
  if (!images) return data;
  const { each, ids, cosines } = images.neighbours;
  const neighbours = { each, ids: Int32Array.from(ids), cosines: Float32Array.from(cosines) };
  return { ...data, images: { ...images, neighbours } };
}
