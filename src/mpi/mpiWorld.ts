/** A world as the system's MPI library makes it. */
import type { Numbers, World } from "../world/index.js";
import type { Binding } from "./binding.js";

/** Bytes of one call: the library's own room for a large sum costs more than it saves (a step of 46 MB: 0.92 s by 16 MiB, 0.75 by 4), and a C int counts elements. */
const bucket = 4 << 20;

const typeOf = (data: Numbers): "float32" | "float64" | "int32" =>
  data instanceof Float32Array ? "float32" : data instanceof Float64Array ? "float64" : "int32";

/** @param binding - of a library that is begun */
export function worldOf({ call, handles, inPlace }: Binding): World {
  const { world, byte } = handles;
  const number = (name: "Comm_rank" | "Comm_size"): number => {
    const out = new Int32Array(1);
    call(name, world, out);
    return out[0];
  };
  const size = number("Comm_size");
  return {
    rank: number("Comm_rank"),
    size,
    reduce(by, data) {
      const type = handles[typeOf(data)];
      for (const part of inBuckets(data, data.BYTES_PER_ELEMENT))
        call("Allreduce", inPlace, part, part.length, type, handles[by], world);
    },
    gather<T extends Numbers | Uint8Array>(part: T): T {
      const all = new (part.constructor as new (length: number) => T)(size * part.length);
      call("Allgather", part, part.byteLength, byte, all, part.byteLength, byte, world);
      return all;
    },
    exchange(parts, lengths) {
      const sent = layout(parts.map((part) => part.length));
      const received = layout(lengths);
      const out = new Uint8Array(sent.total);
      for (const [rank, part] of parts.entries()) out.set(part, sent.from[rank]);
      const into = new Uint8Array(received.total);
      call("Alltoallv", out, sent.lengths, sent.from, byte, into, received.lengths, received.from, byte, world);
      return lengths.map((length, rank) => into.subarray(received.from[rank], received.from[rank] + length));
    },
    broadcast({ buffer, byteOffset, byteLength }) {
      for (const part of inBuckets(new Uint8Array(buffer, byteOffset, byteLength), 1))
        call("Bcast", part, part.length, byte, 0, world);
    },
    barrier: () => call("Barrier", world),
    moved: () => {},
    abort: (code) => call("Abort", world, code),
    finalize: () => call("Finalize"),
  };
}

function* inBuckets<T extends Numbers | Uint8Array>(data: T, elementBytes: number): Generator<T> {
  const length = bucket / elementBytes;
  for (let from = 0; from < data.length; from += length) yield data.subarray(from, from + length) as T;
}

/** Where parts lie that follow one another. */
function layout(lengths: readonly number[]) {
  const from = new Int32Array(lengths.length);
  for (let i = 1; i < lengths.length; i++) from[i] = from[i - 1] + lengths[i - 1];
  return { from, lengths: Int32Array.from(lengths), total: lengths.reduce((a, b) => a + b, 0) };
}
