/** One image's annotation as PASCAL VOC writes it, and as LabelImg and its kin do: XML of the objects in it. */
import * as z from "zod";
import { DataError, said } from "../../errors.js";

export interface AnnotatedObject {
  readonly name: string;
  /** Hard to tell even for people: counts for nothing and against nothing. */
  readonly difficult: boolean;
}

async function newParser() {
  const { XMLParser } = await import("fast-xml-parser");
  // Texts stay texts: a class may be called 007.
  return new XMLParser({
    parseTagValue: false,
    htmlEntities: true,
    isArray: (_, path) => String(path) === "annotation.object",
  });
}

let parser: ReturnType<typeof newParser> | null = null;

/** Objects' own names alone: the parts of a person (head, hand) lie deeper. */
const objectSchema = z.object({
  name: z.string("is missing, or more than one").min(1, "is empty"),
  difficult: z
    .enum(["0", "1"], "is neither 0 nor 1")
    .default("0")
    .transform((flag) => flag === "1"),
});

const schema = z.object({
  // An element without content reads as "".
  annotation: z.preprocess(
    (content) => (content === "" ? {} : content),
    z.object(
      { object: z.array(z.preprocess((content) => (content === "" ? {} : content), objectSchema)).default([]) },
      "is missing, or holds no elements",
    ),
  ),
});

/** @throws DataError that names the file and the element */
export async function readAnnotation(xml: string, file: string): Promise<readonly AnnotatedObject[]> {
  const found = schema.safeParse(await parsed(xml, file));
  if (found.success) return found.data.annotation.object;
  const [{ path, message }] = found.error.issues;
  throw new DataError(
    "wrong-entry",
    said`${{ file }}: ${{ field: elementOf(path) }} ${message}. Mend or remove the annotation`,
  );
}

/** `annotation/object[2]/name`, counted from 1 as XPath does. */
const elementOf = (path: readonly PropertyKey[]): string =>
  path
    .map((step) => (typeof step === "number" ? `[${step + 1}]` : `/${String(step)}`))
    .join("")
    .slice(1);

async function parsed(xml: string, file: string): Promise<unknown> {
  parser ??= newParser();
  const opened = await parser;
  try {
    return opened.parse(xml, true);
  } catch (cause) {
    throw new DataError(
      "damaged",
      said`${{ file }} is no well-formed XML: ${(cause as Error).message.replace(/:(?:undefined|\d+):(?:undefined|\d+)$/, "")}. Restore it from its source`,
      {
        cause,
      },
    );
  }
}
