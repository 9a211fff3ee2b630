/**
 * The words of errors that the training build throws as numbers: addresses of C++ exceptions in WebAssembly's memory, from which
 * its texts can be read. The memory is seen by standing in for `WebAssembly.Memory` while the build starts.
 */
import type { Explain } from "./trainingRun.js";

/** Words after the exception's address among which its texts are. */
const searched = 64;
const longest = 1 << 16;
const isLong = 0x8000_0000; // top bit of a libc++ string's third word: it lies elsewhere

/** Watches for the memory of the build that starts next. @returns what explains its errors, and an end to the watch */
export function watchMemory(): { readonly explain: Explain; readonly stop: () => void } {
  const seen: WebAssembly.Memory[] = [];
  const Original = WebAssembly.Memory;
  WebAssembly.Memory = class extends Original {
    constructor(descriptor: WebAssembly.MemoryDescriptor) {
      super(descriptor);
      seen.push(this);
    }
  };
  return {
    explain: (thrown) => (typeof thrown === "number" ? textAt(thrown, seen) : messageOf(thrown)),
    stop: () => {
      WebAssembly.Memory = Original;
    },
  };
}

const messageOf = (thrown: unknown): string => (thrown instanceof Error ? thrown.message : String(thrown));

/** The longest text near an address. */
function textAt(address: number, memories: readonly WebAssembly.Memory[]): string {
  const texts = memories.flatMap(({ buffer }) => {
    const words = new Uint32Array(buffer);
    const first = address >>> 2;
    return Array.from({ length: searched }, (_, i) => {
      const [at, size, capacity] = words.subarray(first + i, first + i + 3);
      const isString = capacity >= isLong && size <= capacity - isLong && size > 0 && size < longest;
      if (!isString || at + size > buffer.byteLength) return "";
      return new TextDecoder().decode(new Uint8Array(buffer, at, size).slice());
    });
  });
  const found = texts.reduce((a, b) => (b.length > a.length ? b : a), "");
  return found || `the runtime threw ${address}, an error without words`;
}
