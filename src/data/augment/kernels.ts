/**
 * The compiled arithmetic of `simd/` and its memory. One view is made at a time in a thread, so that buffers are kept for the next.
 */
import bytesOfKernels from "./kernelBytes.js";

interface Kernels {
  readonly memory: WebAssembly.Memory;
  readonly heapBase: WebAssembly.Global;
  coloursAlongX(
    source: number,
    stride: number,
    starts: number,
    pairs: number,
    pairCount: number,
    first: number,
    count: number,
    rows: number,
    target: number,
  ): void;
  greysAlongX(
    source: number,
    stride: number,
    starts: number,
    weights: number,
    width: number,
    first: number,
    count: number,
    rows: number,
    target: number,
  ): void;
  alongY(
    source: number,
    stride: number,
    firstRow: number,
    starts: number,
    pairs: number,
    width: number,
    first: number,
    count: number,
    length: number,
    target: number,
  ): void;
  blurRows(
    source: number,
    target: number,
    height: number,
    width: number,
    channels: number,
    radius: number,
    inner: number,
    outer: number,
    list: number,
  ): void;
  blurColumns(
    source: number,
    target: number,
    height: number,
    stride: number,
    radius: number,
    inner: number,
    outer: number,
    list: number,
  ): void;
  luma(source: number, pixels: number, target: number): void;
  lumaLevels(source: number, pixels: number): number;
  greyLevels(source: number, length: number): number;
  saturate(data: number, pixels: number, factor: number): void;
  turnHue(data: number, pixels: number, shift: number): void;
  blendWith(data: number, length: number, base: number, factor: number): void;
  plane(source: number, height: number, width: number, channels: number, mirrored: boolean, target: number): void;
}

const compiled = new WebAssembly.Module(bytesOfKernels);

/** Functions of `simd/`, by name. Pointers are places in {@link memory}. */
export const kernels = new WebAssembly.Instance(compiled).exports as unknown as Kernels;

const pageBytes = 65536;
/** What a kernel may read before an image, and read and overwrite after its end. */
const slack = 64;
let end: number = kernels.heapBase.value + slack;
let bytes = new Uint8Array(kernels.memory.buffer);

/** All bytes there are now: not to be kept, as they move when a buffer is made. */
export function memory(): Uint8Array {
  return bytes;
}

/** A function that gives the place of a buffer of at least `length` bytes: always the same one until it is too small. */
export function growing(): (length: number) => number {
  let [place, size] = [0, -1];
  return (length) => {
    if (length <= size) return place;
    size = Math.ceil(length * 1.25);
    place = end;
    end = Math.ceil((place + size + slack) / slack) * slack;
    const missing = Math.ceil((end - bytes.length) / pageBytes);
    if (missing > 0) {
      kernels.memory.grow(missing);
      bytes = new Uint8Array(kernels.memory.buffer);
    }
    return place;
  };
}

/** Copies arrays one after the other to the place of a buffer; gives each one's place. */
export function placed(buffer: (length: number) => number, ...arrays: readonly ArrayBufferView[]): readonly number[] {
  let at = buffer(arrays.reduce((sum, array) => sum + array.byteLength, 0));
  return arrays.map((array) => {
    bytes.set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength), at);
    at += array.byteLength;
    return at - array.byteLength;
  });
}
