/**
 * The arithmetic of views over bytes, in AssemblyScript (TypeScript compiled to WebAssembly, 16 bytes at a time): what `../*.ts`
 * decide, these carry out. Every pointer is to linear memory. Images are rows of interleaved 8-bit pixels. Some bytes after their
 * end may be read and overwritten, and some before their start read: whoever allocates leaves 64 at either.
 */
export { blurColumns, blurRows } from "./blur";
export { blendWith, greyLevels, luma, lumaLevels, saturate } from "./colour";
export { turnHue } from "./hue";
export { plane } from "./plane";
export { alongY, coloursAlongX, greysAlongX } from "./resample";

/** Where memory is free from. */
export const heapBase: usize = __heap_base;
