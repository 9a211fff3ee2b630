/**
 * What stands in the page for `ml-levenberg-marquardt`, by which UMAP fits the curve of its distances before every map. Maps keep UMAP's
 * own spread and least distance, so the fit is always the same two numbers, and the 16 KB that find them need not travel.
 */

/** Points of the curve that is fitted: 1 up to the least distance, from there exp(-(x - least) / spread). */
interface Points {
  readonly x: readonly number[];
  readonly y: readonly number[];
}

const spread = 1;
const least = 0.1;
/** a and b of 1 / (1 + a x^2b), as the library fits them. */
const parameterValues = [1.5694704762346365, 0.8941996053733949] as const;

/** @throws Error if the points are of another curve than the one that was fitted */
export default function fittedCurve({ x, y }: Points): { readonly parameterValues: readonly number[] } {
  const middle = x.length >> 1;
  if (x[x.length - 1] !== 3 * spread || y[middle] !== Math.exp(-(x[middle] - least) / spread))
    throw new Error(`UMAP's curve was fitted for a spread of ${spread} and a least distance of ${least}`);
  return { parameterValues };
}
