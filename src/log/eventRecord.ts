/**
 * TensorBoard's events as bytes: the protobuf message `Event` (tensorboard/compat/proto/event.proto) in a TFRecord, which is its
 * length and content, each followed by a masked CRC-32C.
 */
import { crc32c } from "./crc32c.js";

/** A named number. */
export type Scalar = readonly [tag: string, value: number];

export interface LogEvent {
  /** Seconds since 1970. */
  readonly time: number;
  readonly step: number;
  /** `version` begins a file; `start` has what an earlier session wrote from this step on forgotten. */
  readonly what: "version" | "start" | readonly Scalar[];
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

const value = ([tag, number]: Scalar): number[] => bytes(1, [...bytes(1, utf8.encode(tag)), ...real(2, number, 4)]);

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
