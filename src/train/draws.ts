/** What a step needs drawn: the order of an epoch, the shuffle of the key batch, and the words of selection's draws. */
import { type DenseArray, elements } from "../array.js";
import {
  type DrawTable,
  drawTables,
  drawWords,
  feeds,
  type Program,
  type StepSettings,
  stackedWords,
  type Word,
  wordInputs,
  wordShape,
} from "../programs/index.js";
import { fillWords, permutation, random, type Stream } from "../random.js";

/** The images of each batch of an epoch, in random order. The last images that do not fill a batch are left out. */
export function epochBatches(count: number, batchSize: number, seed: number, epoch: number): readonly Int32Array[] {
  const order = permutation(count, random(seed, "order", epoch));
  return Array.from({ length: Math.floor(count / batchSize) }, (_, b) =>
    order.subarray(b * batchSize, (b + 1) * batchSize),
  );
}

/** A random order of the key batch, and for each image its place in it. */
export function keyShuffle(
  batchSize: number,
  seed: number,
  step: number,
): { readonly order: Int32Array; readonly places: BigInt64Array } {
  const order = permutation(batchSize, random(seed, "shuffle", step));
  const places = new BigInt64Array(batchSize);
  for (const [place, image] of order.entries()) places[image] = BigInt(place);
  return { order, places };
}

/** The stream of some words. */
type StreamKeys = readonly [Stream, ...number[]];

/** The words of selection's draws, step by step, in arrays that are used again. */
export class SelectionDraws {
  private readonly parts: readonly {
    readonly name: string;
    readonly array: DenseArray<Int32Array>;
    readonly wordOf: (bits: number) => number;
    readonly streamOf: (step: number) => StreamKeys;
  }[];
  private readonly views: number;
  private readonly stacks: boolean;
  /** The words of the step that was asked for last. */
  private made: { readonly step: number; readonly words: Record<string, DenseArray> } | null = null;

  /** @param program - the program whose inputs are drawn */
  constructor(
    private readonly settings: StepSettings,
    private readonly seed: number,
    program: Pick<Program, "inputs">,
  ) {
    const s = settings;
    const wanted = new Set(program.inputs.map((v) => v.name));
    const words = Object.keys(wordInputs) as Word[];
    this.stacks = words.some((word) => wanted.has(wordInputs[word](feeds.stackedInstanceDraws)));
    this.views = 1 + s.localSizes.length;
    const part = (table: DrawTable, streamOf: (step: number) => StreamKeys) =>
      words.flatMap((word, w) => {
        const name = wordInputs[word](table.name);
        const shape = wordShape(word, table);
        const array = { shape, data: new Int32Array(elements(shape)) };
        const stream = (step: number): StreamKeys => [...streamOf(step), w];
        return this.stacks || wanted.has(name) ? [{ name, array, wordOf: drawWords[word], streamOf: stream }] : [];
      });
    this.parts = [
      ...part(drawTables.instance(s), (step) => ["instanceSelection", step]),
      ...Array.from({ length: this.views }, (_, view) => view).flatMap((view) =>
        s.clusters.flatMap((_, l) =>
          part(drawTables.prototype(s, view, l), (step) => ["prototypeSelection", step, view, l]),
        ),
      ),
    ];
  }

  /** The words of a step. They stay valid until those of another step are asked for. */
  of(step: number): Record<string, DenseArray> {
    if (this.made?.step === step) return this.made.words;
    for (const { array, wordOf, streamOf } of this.parts) {
      fillWords(array.data, this.seed, ...streamOf(step));
      for (let i = 0; i < array.data.length; i++) array.data[i] = wordOf(array.data[i]);
    }
    const plain = Object.fromEntries(this.parts.map(({ name, array }) => [name, array]));
    const words = this.stacks ? stackedWords(this.settings, plain, this.views) : plain;
    this.made = { step, words };
    return words;
  }
}

/** The queue before any key: random unit rows [Q, D]. */
export function initialQueue(length: number, dimension: number, seed: number): DenseArray {
  const draw = random(seed, "queue");
  const data = new Float32Array(length * dimension);
  for (let row = 0; row < length; row++) {
    let norm = 0;
    for (let i = row * dimension; i < (row + 1) * dimension; i++) {
      data[i] = Math.sqrt(-2 * Math.log(1 - draw())) * Math.cos(2 * Math.PI * draw());
      norm += data[i] * data[i];
    }
    for (let i = row * dimension; i < (row + 1) * dimension; i++) data[i] /= Math.sqrt(norm);
  }
  return { shape: [length, dimension], data };
}
