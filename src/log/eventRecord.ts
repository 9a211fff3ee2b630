/**
 * TensorBoard's events as bytes: the protobuf message `Event` (tensorboard/compat/proto/event.proto) in a TFRecord, which is its
 * length and content, each followed by a masked CRC-32C.
 */
import { crc32c } from "./crc32c.js";

/** A named number. */
export type Scalar = readonly [tag: string, value: number];

/** The numbers of a kind at once: how many lie in each of as many equal parts of their range. */
export interface Histogram {
  readonly tag: string;
  readonly values: Float32Array;
}

export interface LogEvent {
  /** Seconds since 1970. */
  readonly time: number;
  readonly step: number;
  /** `version` begins a file; `start` has what an earlier session wrote from this step on forgotten. */
  readonly what: "version" | "start" | readonly (Scalar | Histogram)[];
}

const utf8 = new TextEncoder();

function varint(value: number): number[] {
  const out: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) out.push((rest % 128) | 128);
  return [...out, rest];
}

const field = (number: number, wire: 0 | 1 | 2 | 5): number => (number << 3) | wire;

function bytes(number: number, content: ArrayLike<number>): number[] {
  return [field(number, 2), ...varint(content.length), ...Array.from(content)];
}

function real(number: number, value: number, width: 4 | 8): number[] {
  const view = new DataView(new ArrayBuffer(width));
  if (width === 4) view.setFloat32(0, value, true);
  else view.setFloat64(0, value, true);
  return [field(number, width === 4 ? 5 : 1), ...new Uint8Array(view.buffer)];
}

function value(shown: Scalar | Histogram): number[] {
  if (!("tag" in shown)) return bytes(1, [...bytes(1, utf8.encode(shown[0])), ...real(2, shown[1], 4)]);
  return bytes(1, [...bytes(1, utf8.encode(shown.tag)), ...bytes(5, histogram(shown.values))]);
}

/** As many as TensorBoard's own writer makes. */
const parts = 30;

/** The message `HistogramProto`: range, number, sums, and the upper end of each part with how many values lie in it. */
function histogram(values: Float32Array): number[] {
  const [least, most] = [values.reduce((a, b) => Math.min(a, b)), values.reduce((a, b) => Math.max(a, b))];
  const counts = new Float64Array(parts);
  const width = (most - least) / parts;
  for (const v of values) counts[width > 0 ? Math.min(parts - 1, Math.floor((v - least) / width)) : 0]++;
  const ends = Float64Array.from(counts, (_, i) => (i === parts - 1 ? most : least + (i + 1) * width));
  const sums = [values.reduce((a, b) => a + b, 0), values.reduce((a, b) => a + b * b, 0)];
  return [
    ...[least, most, values.length, ...sums].flatMap((number, i) => real(i + 1, number, 8)),
    ...bytes(6, new Uint8Array(ends.buffer)),
    ...bytes(7, new Uint8Array(counts.buffer)),
  ];
}

function content(what: LogEvent["what"]): number[] {
  if (what === "version") return bytes(3, utf8.encode("brain.Event:2"));
  if (what === "start") return bytes(7, [field(1, 0), 1]);
  return bytes(5, what.flatMap(value));
}

function masked(content: Uint8Array): number {
  const crc = crc32c(content);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

/** An event's record. */
export function eventRecord({ time, step, what }: LogEvent): Uint8Array {
  const event = Uint8Array.from([
    ...real(1, time, 8),
    ...(step > 0 ? [field(2, 0), ...varint(step)] : []),
    ...content(what),
  ]);
  const record = new Uint8Array(16 + event.length);
  const view = new DataView(record.buffer);
  view.setBigUint64(0, BigInt(event.length), true);
  view.setUint32(8, masked(record.subarray(0, 8)), true);
  record.set(event, 12);
  view.setUint32(12 + event.length, masked(event), true);
  return record;
}
