/** Files made hostile: cut, flipped, spliced, with numbers that lie and words that bite. */
import type { Random } from "../../../src/random.js";

type Mutation = (bytes: Buffer, draw: Random, others: readonly Buffer[]) => Buffer;

const below = (draw: Random, n: number): number => Math.floor(draw() * n);
const one = <T>(draw: Random, list: readonly T[]): T => list[below(draw, list.length)];

/** A range of at most `most` bytes. */
function range(bytes: Buffer, draw: Random, most: number): readonly [from: number, to: number] {
  const from = below(draw, bytes.length + 1);
  return [from, Math.min(bytes.length, from + 1 + below(draw, most))];
}

const put = (bytes: Buffer, from: number, to: number, middle: Uint8Array): Buffer =>
  Buffer.concat([bytes.subarray(0, from), middle, bytes.subarray(to)]);

/** Numbers at the edges of what their width holds. */
const edges: readonly bigint[] = [0n, 1n, 2n, 127n, 128n, 255n, 256n, 0x7fffn, 0x8000n, 0xffffn, 0x10000n].concat([
  0x7fffffffn,
  0x80000000n,
  0xffffffffn,
  0x100000000n,
  0x7fffffffffffffffn,
  0xffffffffffffffffn,
]);

function integer(draw: Random): Buffer {
  const [width, value] = [one(draw, [1, 2, 4, 8]), one(draw, edges)];
  const made = Buffer.alloc(8);
  made.writeBigUInt64LE(value & ((1n << BigInt(8 * width)) - 1n));
  const bytes = made.subarray(0, width);
  return draw() < 0.5 ? bytes : Buffer.from(bytes).reverse();
}

const words: readonly string[] = [
  ...["", "0", "-1", "1e999", "-0", "null", "true", "[]", "{}", '""', "9007199254740993", "0.1", "1e-320"],
  ...["__proto__", "constructor", "toString", "hasOwnProperty", "../../../etc/passwd", "/etc/passwd", "/dev/zero", "."],
  ...["\u0000", "\n", "\r\n", "\t", ",", ";", '"', "'", "\\", "<", ">", "&", "&amp;", "&a;", "&#x0;", "&#1114112;"],
  ...[
    "]]>",
    "<![CDATA[",
    "<!--",
    "-->",
    "<?xml",
    "\ufeff",
    "\u202e",
    "é",
    "🐈",
    "\\ud800",
    "%00",
    "{{",
    "[".repeat(5000),
  ],
  ...["<a>".repeat(3000), "a".repeat(70_000), '{"a":'.repeat(3000), "1".repeat(400)],
  '<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]>',
  '<!DOCTYPE a [<!ENTITY a SYSTEM "file:///etc/passwd">]>',
];

const binary: readonly Mutation[] = [
  (bytes, draw) => {
    const changed = Buffer.from(bytes);
    if (changed.length > 0) changed[below(draw, changed.length)] ^= 1 << below(draw, 8);
    return changed;
  },
  (bytes, draw) => bytes.subarray(0, below(draw, bytes.length)),
  (bytes, draw) => put(bytes, ...range(bytes, draw, 64), Buffer.alloc(0)),
  (bytes, draw) => {
    const [from, to] = range(bytes, draw, 64);
    return put(bytes, from, from, bytes.subarray(from, to));
  },
  (bytes, draw) => {
    const [from] = range(bytes, draw, 1);
    return put(bytes, from, from, Buffer.from(Array.from({ length: 1 + below(draw, 16) }, () => below(draw, 256))));
  },
  (bytes, draw) => {
    const lie = integer(draw);
    // Headers lie at the beginning, and lies in them go furthest.
    const from = below(draw, draw() < 0.6 ? Math.min(bytes.length + 1, 200) : bytes.length + 1);
    return put(bytes, from, Math.min(bytes.length, from + lie.length), lie);
  },
  (bytes, draw, others) => {
    const other = one(draw, others);
    return Buffer.concat([bytes.subarray(0, below(draw, bytes.length)), other.subarray(below(draw, other.length))]);
  },
];

const textual: readonly Mutation[] = [
  (bytes, draw) => {
    const [from, to] = range(bytes, draw, 12);
    return put(bytes, from, draw() < 0.5 ? from : to, Buffer.from(one(draw, words)));
  },
  (bytes, draw) => {
    const text = bytes.toString("latin1");
    const found = [...text.matchAll(/[\w.+-]+/g)];
    if (found.length === 0) return bytes;
    const { 0: word, index } = one(draw, found);
    const other = draw() < 0.7 ? one(draw, words) : one(draw, found)[0];
    return put(bytes, index, index + word.length, Buffer.from(other));
  },
];

const kinds = { binary, text: [...binary, ...textual, ...textual, ...textual] } as const;
export type Kind = keyof typeof kinds;

/** One of `seeds`, changed one to four times. */
export function mutated(kind: Kind, seeds: readonly Buffer[], draw: Random): Buffer {
  let bytes = one(draw, seeds);
  for (let n = 1 + below(draw, 4); n > 0; n--) bytes = one(draw, kinds[kind])(bytes, draw, seeds);
  return bytes;
}
