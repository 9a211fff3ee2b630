/**
 * The arithmetic of views over bytes, in AssemblyScript (TypeScript compiled to WebAssembly, 16 bytes at a time): what `../*.ts`
 * decide, these carry out. Every pointer is to linear memory. Images are rows of interleaved 8-bit pixels, and some bytes after
 * their end may be read and overwritten: whoever allocates leaves 64 there.
 */
export { blurColumns, blurRows } from "./blur";
export { greyLevels, luma, lumaLevels, saturate } from "./colour";
export { turnHue } from "./hue";
export { lookUp, plane } from "./lookup";
export { alongY, coloursAlongX, greysAlongX } from "./resample";

/** Where memory is free from. */
export const heapBase: usize = __heap_base;
