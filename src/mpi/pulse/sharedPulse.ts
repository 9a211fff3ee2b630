/** What a process's main thread tells the thread that watches over it, in memory that both have: also while it is in a call that blocks it. */

const places = { moves: 0, waits: 1, left: 2, length: 3 } as const;
const head = 4 * Object.keys(places).length;
const longest = 64;

export class SharedPulse {
  private readonly numbers: Int32Array;
  private readonly text: Uint8Array;

  constructor(readonly memory: SharedArrayBuffer = new SharedArrayBuffer(head + longest)) {
    this.numbers = new Int32Array(memory, 0, head / 4);
    this.text = new Uint8Array(memory, head);
  }

  /** The process has come to something. */
  moved(to: string): void {
    const bytes = new TextEncoder().encode(to).subarray(0, longest);
    this.text.set(bytes);
    Atomics.store(this.numbers, places.length, bytes.length);
    Atomics.add(this.numbers, places.moves, 1);
  }

  /** It waits for the others, from before a call until after it, which is a move as well. */
  waiting(isSo: boolean): void {
    Atomics.store(this.numbers, places.waits, Number(isSo));
    Atomics.add(this.numbers, places.moves, 1);
  }

  /** How often it has moved, what it had come to, and whether it waits. */
  get now(): { readonly moves: number; readonly since: string; readonly waits: boolean } {
    const length = Atomics.load(this.numbers, places.length);
    return {
      moves: Atomics.load(this.numbers, places.moves),
      since: new TextDecoder().decode(this.text.slice(0, length)), // a decoder takes no shared memory
      waits: Atomics.load(this.numbers, places.waits) === 1,
    };
  }

  /** The watching thread has said that the process ends. */
  hasLeft(): void {
    Atomics.store(this.numbers, places.left, 1);
    Atomics.notify(this.numbers, places.left);
  }

  /** Waits until that is said. */
  awaitLeft(milliseconds: number): void {
    Atomics.wait(this.numbers, places.left, 0, milliseconds);
  }
}
