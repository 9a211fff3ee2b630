/** 0, 1, … as int32 [count]: looked up by ids of int64, which devices index with but do not compute on. */
import type { DataArray } from "./messages.js";

export const countUp = (count: number): DataArray => ({
  shape: [count],
  data: Int32Array.from({ length: count }, (_, i) => i),
});
