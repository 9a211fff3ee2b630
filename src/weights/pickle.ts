/**
 * Python's pickle (https://github.com/python/cpython/blob/main/Lib/pickletools.py), as far as torch.save writes it: a small stack
 * machine that makes plain data. A name in the file is looked up in the caller's table and never in anything else, so a file can
 * make what the table makes and run nothing. What an op takes is bounded by the bytes left; nothing is walked recursively.
 */
import { CheckpointError, said } from "../errors.js";

/** Something of Python's that a file may name. */
export interface Global {
  readonly name: string;
  /** What a call of it makes; absent: it may be named, not called. */
  readonly call?: (args: readonly unknown[]) => unknown;
}

export interface PickleReader {
  /** @throws if the file may not name it */
  readonly global: (name: string) => Global;
  readonly persistent: (id: unknown) => unknown;
  /** The file, in errors. */
  readonly where: string;
}

/** What holds a set, a name space or a number that nobody needs: it may be built on, and is forgotten. */
export const inert: unique symbol = Symbol("inert");

const longestInteger = 32;
const utf8 = new TextDecoder("utf-8", { fatal: true });

class Machine {
  private readonly stack: unknown[] = [];
  private readonly marks: number[] = [];
  private readonly memo = new Map<number, unknown>();
  private readonly view: DataView;

  constructor(
    private readonly bytes: Uint8Array,
    public at: number,
    readonly reader: PickleReader,
  ) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  run(): unknown {
    for (;;) {
      const start = this.at;
      const code = this.unsigned(1);
      if (code === stop) return this.pop();
      const op = ops[code];
      if (!op) this.fail(`op 0x${code.toString(16)} at byte ${start} is none that torch.save writes`);
      op(this);
    }
  }

  fail(reason: string): never {
    throw new CheckpointError(
      "damaged",
      said`${{ file: this.reader.where }} cannot be read as a PyTorch file: ${reason}`,
    );
  }

  push(value: unknown): void {
    this.stack.push(value);
  }

  pop(): unknown {
    if (this.stack.length <= (this.marks.at(-1) ?? 0)) this.fail(`nothing is on the stack before byte ${this.at}`);
    return this.stack.pop();
  }

  top(): unknown {
    const value = this.pop();
    this.push(value);
    return value;
  }

  mark(): void {
    this.marks.push(this.stack.length);
  }

  /** What was pushed since the last mark. */
  marked(): unknown[] {
    const mark = this.marks.pop();
    if (mark === undefined) this.fail(`no mark before byte ${this.at}`);
    return this.stack.splice(mark);
  }

  take(count: number): Uint8Array {
    if (count > this.bytes.length - this.at)
      this.fail(
        `it ends in the middle: ${count} bytes are to follow byte ${this.at}, ${this.bytes.length - this.at} do`,
      );
    this.at += count;
    return this.bytes.subarray(this.at - count, this.at);
  }

  unsigned(width: 1 | 2 | 4 | 8): number {
    const start = this.at;
    this.take(width);
    if (width === 8) return Number(this.view.getBigUint64(start, true));
    return width === 4
      ? this.view.getUint32(start, true)
      : width === 2
        ? this.view.getUint16(start, true)
        : this.view.getUint8(start);
  }

  signed(): number {
    const start = this.at;
    this.take(4);
    return this.view.getInt32(start, true);
  }

  double(): number {
    const start = this.at;
    this.take(8);
    return this.view.getFloat64(start, false);
  }

  /** Two's complement, little-endian. */
  integer(width: number): number | bigint {
    if (width > longestInteger) this.fail(`an integer of ${width} bytes at byte ${this.at}`);
    const raw = this.take(width);
    const value = BigInt.asIntN(
      8 * width,
      raw.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n),
    );
    return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? Number(value) : value;
  }

  text(width: number): string {
    const start = this.at;
    try {
      return utf8.decode(this.take(width));
    } catch (error) {
      if (error instanceof CheckpointError) throw error;
      return this.fail(`the text at byte ${start} is not UTF-8`);
    }
  }

  line(): string {
    const end = this.bytes.indexOf(0x0a, this.at);
    if (end < 0) this.fail(`a name at byte ${this.at} has no end`);
    const text = this.text(end - this.at);
    this.at = end + 1;
    return text;
  }

  recall(index: number): void {
    if (!this.memo.has(index)) this.fail(`entry ${index} of the memo is used before it is made (byte ${this.at})`);
    this.push(this.memo.get(index));
  }

  remember(index: number = this.memo.size): void {
    this.memo.set(index, this.top());
  }

  /** Calls what the table gives; nothing else can be called. */
  call(): void {
    const [args, callee] = [this.pop(), this.pop()] as [unknown, Partial<Global> | null];
    if (!Array.isArray(args)) this.fail(`a call before byte ${this.at} has no tuple of arguments`);
    if (typeof callee !== "object" || typeof callee?.call !== "function")
      this.fail(`what is called before byte ${this.at} (${callee?.name ?? typeof callee}) may not be called`);
    this.push(callee.call(args));
  }

  items(into: unknown, pairs: readonly unknown[]): void {
    if (into === inert) return;
    if (!(into instanceof Map) || pairs.length % 2) this.fail(`items before byte ${this.at} go into no dictionary`);
    for (let i = 0; i < pairs.length; i += 2) into.set(pairs[i], pairs[i + 1]);
  }

  list(into: unknown, values: readonly unknown[]): void {
    if (into === inert) return;
    if (!Array.isArray(into)) this.fail(`values before byte ${this.at} go into no list`);
    for (const value of values) into.push(value);
  }
}

type Op = (m: Machine) => void;
const stop = 0x2e;
const put =
  (value: (m: Machine) => unknown): Op =>
  (m) =>
    m.push(value(m));
const tuple =
  (count: number): Op =>
  (m) =>
    m.push(Array.from({ length: count }, () => m.pop()).reverse());

/** Every op that is known, by its code. */
const ops: Readonly<Record<number, Op>> = {
  128: (m) => {
    const protocol = m.unsigned(1);
    if (protocol > 5) m.fail(`pickle protocol ${protocol} is not known`);
  },
  149: (m) => void m.unsigned(8), // a frame, which only groups bytes
  40: (m) => m.mark(),
  48: (m) => void m.pop(),
  49: (m) => void m.marked(),
  50: put((m) => m.top()),
  78: put(() => null),
  136: put(() => true),
  137: put(() => false),
  74: put((m) => m.signed()),
  75: put((m) => m.unsigned(1)),
  77: put((m) => m.unsigned(2)),
  71: put((m) => m.double()),
  138: put((m) => m.integer(m.unsigned(1))),
  139: put((m) => m.integer(m.unsigned(4))),
  88: put((m) => m.text(m.unsigned(4))),
  140: put((m) => m.text(m.unsigned(1))),
  141: put((m) => m.text(m.unsigned(8))),
  84: put((m) => m.text(m.unsigned(4))),
  85: put((m) => m.text(m.unsigned(1))),
  66: put((m) => m.take(m.unsigned(4))),
  67: put((m) => m.take(m.unsigned(1))),
  142: put((m) => m.take(m.unsigned(8))),
  93: put(() => []),
  41: put(() => []),
  125: put(() => new Map()),
  143: put(() => inert),
  108: put((m) => m.marked()),
  116: put((m) => m.marked()),
  133: tuple(1),
  134: tuple(2),
  135: tuple(3),
  100: (m) => {
    const [made, pairs] = [new Map(), m.marked()];
    m.items(made, pairs);
    m.push(made);
  },
  97: (m) => {
    const value = m.pop();
    m.list(m.top(), [value]);
  },
  101: (m) => {
    const values = m.marked();
    m.list(m.top(), values);
  },
  144: (m) => void m.marked(),
  145: (m) => {
    m.marked();
    m.push(inert);
  },
  115: (m) => {
    const [value, key] = [m.pop(), m.pop()];
    m.items(m.top(), [key, value]);
  },
  117: (m) => {
    const pairs = m.marked();
    m.items(m.top(), pairs);
  },
  104: (m) => m.recall(m.unsigned(1)),
  106: (m) => m.recall(m.unsigned(4)),
  113: (m) => m.remember(m.unsigned(1)),
  114: (m) => m.remember(m.unsigned(4)),
  148: (m) => m.remember(),
  99: put((m) => {
    const [module, name] = [m.line(), m.line()];
    return m.reader.global(`${module}.${name}`);
  }),
  147: put((m) => {
    const [name, module] = [m.pop(), m.pop()];
    if (typeof name !== "string" || typeof module !== "string")
      return m.fail(`what is called before byte ${m.at} is no name`);
    return m.reader.global(`${module}.${name}`);
  }),
  82: (m) => m.call(),
  129: (m) => m.call(),
  // What an object is built on (its attributes) is not needed of a dictionary, nor of what is inert.
  98: (m) => {
    m.pop();
    const owner = m.top();
    if (owner !== inert && !(owner instanceof Map)) m.fail(`an object before byte ${m.at} takes no attributes`);
  },
  81: put((m) => m.reader.persistent(m.pop())),
};

/**
 * Reads one pickle.
 *
 * @returns its value (dictionaries are Maps, lists and tuples arrays, what `reader.global` makes as it is), and where it ends
 * @throws CheckpointError that says at which byte something is wrong
 */
export function readPickle(
  bytes: Uint8Array,
  start: number,
  reader: PickleReader,
): { readonly value: unknown; readonly end: number } {
  const machine = new Machine(bytes, start, reader);
  return { value: machine.run(), end: machine.at };
}
