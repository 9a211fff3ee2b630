/** What copying tensors costs beside launching nodes, where copies would save launches. */

/** An H100 copies so many float32 elements in the 5 µs that a launch takes at least: no longer than that is cheap. */
export const cheaplyCopied = 1 << 21;

/** WebGPU binds a buffer of so many float32 elements on every device, 128 MiB. */
export const largestJoined = 1 << 25;
