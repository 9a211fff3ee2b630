/** What processes have of rows that they share: process r of N every N-th, from r on. */
import { type DenseArray, elements } from "../array.js";
import type { Program } from "../programs/index.js";
import type { World } from "../world/index.js";

type Rows = Uint8Array | Int32Array | Float32Array;
type Place = Pick<World, "rank" | "size">;

/** This process's rows. @param width - elements in a row */
export function everyNth<T extends Rows>(rows: T, width: number, { rank, size }: Place): T {
  if (size === 1) return rows;
  const count = rows.length / width / size;
  const own = new (rows.constructor as new (length: number) => T)(count * width);
  for (let i = 0; i < count; i++) {
    const row = i * size + rank;
    own.set(rows.subarray(row * width, (row + 1) * width), i * width);
  }
  return own;
}

/**
 * Arrays as a process's program takes them: along the axis on which that takes fewer, which its batch is, this process's; others, and
 * what it does not take, as they are.
 */
export function ownParts(
  arrays: Readonly<Record<string, DenseArray>>,
  { inputs }: Pick<Program, "inputs">,
  place: Place,
): Record<string, DenseArray> {
  const wanted = new Map(inputs.map(({ name, shape }) => [name, shape as readonly number[]]));
  return Object.fromEntries(
    Object.entries(arrays).map(([name, array]) => {
      const shape = wanted.get(name) ?? array.shape;
      const axis = shape.findIndex((d, i) => d !== array.shape[i]);
      if (axis < 0) return [name, array];
      // Processes divide the batch, so that every n-th row of all is every n-th of each row before the axis.
      return [name, { shape, data: everyNth(array.data as Rows, elements(array.shape.slice(axis + 1)), place) }];
    }),
  );
}

/**
 * Rows of any numbers in another order, of which each process has its part before and after.
 *
 * @param given - this process's rows
 * @param order - which row comes to each place, of all
 */
export function exchangedRows<T extends ArrayBufferView>(world: World, given: T, order: Int32Array): T {
  const { rank, size } = world;
  const own = new Uint8Array(given.buffer, given.byteOffset, given.byteLength);
  const width = (own.length * size) / order.length;
  /** Places of a process, with those of their rows that another one has. */
  const between = (sender: number, receiver: number): number[] => {
    const places: number[] = [];
    for (let place = receiver; place < order.length; place += size)
      if (order[place] % size === sender) places.push(place);
    return places;
  };
  const all = Array.from({ length: size }, (_, r) => r);
  const sent = all.map((receiver) => {
    const places = between(rank, receiver);
    const rows = new Uint8Array(places.length * width);
    for (const [i, place] of places.entries()) {
      const row = Math.floor(order[place] / size);
      rows.set(own.subarray(row * width, (row + 1) * width), i * width);
    }
    return rows;
  });
  const wanted = all.map((sender) => between(sender, rank));
  const received = world.exchange(
    sent,
    wanted.map((places) => places.length * width),
  );
  const rows = new Uint8Array(own.length);
  for (const [sender, places] of wanted.entries())
    for (const [i, place] of places.entries())
      rows.set(received[sender].subarray(i * width, (i + 1) * width), Math.floor(place / size) * width);
  return new (given.constructor as new (buffer: ArrayBuffer) => T)(rows.buffer);
}

/** Elements from which on an array is summed where it is: below, what a call costs is more than copying it. */
const long = 1 << 14;

/** Makes each array the mean of all processes', place by place: long ones where they are, the others as one vector. */
export function average(world: World, arrays: readonly Float32Array[]): void {
  const short = arrays.filter(({ length }) => length < long);
  const joined = new Float32Array(short.reduce((n, { length }) => n + length, 0));
  let at = 0;
  for (const array of short) {
    joined.set(array, at);
    at += array.length;
  }
  for (const array of [joined, ...arrays.filter(({ length }) => length >= long)]) {
    world.reduce("sum", array);
    scale(array, 1 / world.size);
  }
  at = 0;
  for (const array of short) {
    array.set(joined.subarray(at, at + array.length));
    at += array.length;
  }
}

function scale(array: Float32Array, by: number): void {
  for (let i = 0; i < array.length; i++) array[i] *= by;
}
