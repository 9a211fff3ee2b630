/** Memory of large arrays, freed at once. */
const { port1: nowhere, port2: closed } = new MessageChannel();
closed.close();
(nowhere as { unref?: () => void }).unref?.(); // in Node it would keep the process alive

/**
 * Frees the memory of large arrays, which then have no elements. Garbage collection would lag far behind: it counts objects, not
 * their megabytes. A message to a port whose other end is closed takes its transferred arrays with it.
 */
export function release(arrays: Iterable<{ readonly data: ArrayBufferView }>): void {
  const blocks = new Set([...arrays].map(({ data }) => data.buffer as ArrayBuffer));
  nowhere.postMessage(
    null,
    [...blocks].filter((block) => block.byteLength >= 1 << 16),
  );
}
