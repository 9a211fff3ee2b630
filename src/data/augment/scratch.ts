/** Buffers that the steps of a view reuse: a thread makes one view at a time, so one of each is enough. */

/** A function that gives a buffer of at least `length` bytes: always the same one until it is too small. */
export function growing(): (length: number) => Uint8Array {
  let buffer = new Uint8Array(0);
  return (length) => {
    if (buffer.length < length) buffer = new Uint8Array(Math.ceil(length * 1.25));
    return buffer;
  };
}
