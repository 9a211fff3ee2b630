/** Sentences about named things: what people read, and what programs read, from one template. */

type Sizes = readonly (number | string)[];

const text = (value: string): string => value;
const number = (value: number): string => String(value);
const sizes = (value: Sizes): string => `[${value}]`;
const list = (value: readonly string[]): string => value.join(", ");

/** The kinds of things that a sentence can name, and how each is printed. */
const kinds = {
  /** A file or a folder. */
  file: text,
  /** A line of a file, or a row of a table, from 1. */
  line: number,
  /** A set of images, by the text that it was asked for with. */
  images: text,
  /** A part of a set, such as `train`. */
  part: text,
  /** An image of a set. */
  image: text,
  /** A field of a recipe, a list, a table or an annotation; or an option of a function. */
  field: text,
  tensor: text,
  shape: sizes,
  /** The shape that a tensor has to have. */
  neededShape: sizes,
  dtype: text,
  graph: text,
  /** A node of an ONNX file. */
  node: text,
  /** An op, with the scope it stands in where that is known. */
  op: text,
  attribute: text,
  /** What an op was called with, each as `name: dtype[shape]`. */
  inputs: list,
  /** A program that an engine has loaded. */
  program: text,
  provider: text,
  precision: text,
  backend: text,
  process: number,
} as const;

type Kind = keyof typeof kinds;

/** What a sentence speaks of, by kind. Where it names several things of a kind, the first. */
export type Subject = { readonly [K in Kind]?: Parameters<(typeof kinds)[K]>[0] };

/** One named thing in a template: `{ file }`. */
type Named = {
  [K in Kind]: Required<Pick<Subject, K>> & { readonly [Other in Exclude<Kind, K>]?: never };
}[Kind];

/** What people read, and what it speaks of. Errors of this library are sentences too. */
export interface Sentence {
  readonly message: string;
  readonly subject: Subject;
}

type Plain = string | number | bigint | boolean | null | undefined | Sizes;

/**
 * A sentence from a template.
 *
 * ```ts
 * said`${{ file }} is damaged: ${{ shape }} needs ${needed} bytes`
 * ```
 *
 * @param parts - `{ file }` stands in the sentence and among the subject; a sentence, or an error, stands as its message, and
 *   brings its subject along; anything else stands as in any template
 */
export function said(words: TemplateStringsArray, ...parts: readonly (Plain | Named | Sentence | Error)[]): Sentence {
  const sentences = parts.map(sentenceOf);
  const message = words.reduce((all, word, i) => `${all}${sentences[i - 1].message}${word}`);
  // The first of a kind stays.
  const subject: Subject = Object.assign({}, ...sentences.map(({ subject }) => subject).reverse());
  return { message, subject };
}

function sentenceOf(part: Plain | Named | Sentence | Error): Sentence {
  if (typeof part !== "object" || part === null || Array.isArray(part)) return { message: String(part), subject: {} };
  if ("message" in part) return { message: part.message, subject: "subject" in part ? part.subject : {} };
  const [[kind, value]] = Object.entries(part) as [[Kind, never]];
  return { message: kinds[kind](value), subject: part as Named };
}
