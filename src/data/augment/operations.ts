/**
 * The vocabulary of views: each step an operation with its numbers, as the fixtures (and `drawView`) write them. Exactly
 * Pillow's integer arithmetic.
 */
import type { Box } from "./resample.js";
import type { Interpolation } from "./taps.js";

export type Operation =
  /** Cut the box, then resize it to `size` × `size`, bilinear. */
  | ({ readonly op: "resizedCrop"; readonly size: number } & Box)
  /** The short side becomes `shortSide`, the long one floor(shortSide · long / short). */
  | { readonly op: "resize"; readonly shortSide: number; readonly interpolation: Interpolation }
  /** The middle, zero-padded where the image is smaller. */
  | { readonly op: "centerCrop"; readonly size: number }
  /** Blends with black, the mean luma, each pixel's luma. */
  | { readonly op: "brightness" | "contrast" | "saturation"; readonly factor: number }
  /** Turns the hue by `factor` of the circle. */
  | { readonly op: "hue"; readonly factor: number }
  | { readonly op: "grayscale" }
  | { readonly op: "gaussianBlur"; readonly sigma: number }
  | { readonly op: "horizontalFlip" };
