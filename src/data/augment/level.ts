/** `x` held within the 8-bit levels; a fraction is dropped when it is stored. */
export function level(x: number): number {
  if (x < 0) return 0;
  if (x > 255) return 255;
  return x;
}
