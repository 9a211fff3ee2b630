/** One image's annotation as PASCAL VOC writes it, and as LabelImg and its kin do: XML of the objects in it. */
import { XMLParser } from "fast-xml-parser";
import { z } from "zod";
import { DataError } from "../../errors.js";

export interface AnnotatedObject {
  readonly name: string;
  /** Hard to tell even for people: counts for nothing and against nothing. */
  readonly difficult: boolean;
}

// Texts stay texts: a class may be called 007.
const parser = new XMLParser({
  parseTagValue: false,
  htmlEntities: true,
  isArray: (_, path) => String(path) === "annotation.object",
});

/** Objects' own names alone: the parts of a person (head, hand) lie deeper. An empty element reads as "". */
const schema = z.object({
  annotation: z.union([
    z.literal("").transform(() => ({ object: [] })),
    z.object({
      object: z
        .array(
          z.object({
            name: z.string().min(1, "is empty"),
            difficult: z
              .enum(["0", "1"], "is neither 0 nor 1")
              .default("0")
              .transform((flag) => flag === "1"),
          }),
        )
        .default([]),
    }),
  ]),
});

/** @throws DataError that names the file and the element */
export function readAnnotation(xml: string, file: string): readonly AnnotatedObject[] {
  const found = schema.safeParse(parsed(xml, file));
  if (found.success) return found.data.annotation.object;
  const [issue] = found.error.issues.flatMap((i) => (i.code === "invalid_union" ? inner(i) : [i]));
  throw new DataError(`${file}: ${elementOf(issue.path)}: ${issue.message}. Mend or remove the annotation`);
}

type Issue = z.core.$ZodIssue;

/** What is wrong by the last choice of a union, from the root. */
const inner = (issue: Issue & { code: "invalid_union" }): readonly Pick<Issue, "path" | "message">[] =>
  (issue.errors.at(-1) ?? []).map(({ path, message }) => ({ path: [...issue.path, ...path], message }));

/** `annotation/object[2]/name`, counted from 1 as XPath does. */
const elementOf = (path: readonly PropertyKey[]): string =>
  path
    .map((step) => (typeof step === "number" ? `[${step + 1}]` : `/${String(step)}`))
    .join("")
    .slice(1);

function parsed(xml: string, file: string): unknown {
  try {
    return parser.parse(xml, true);
  } catch (cause) {
    throw new DataError(`${file} is no well-formed XML: ${(cause as Error).message}. Restore it from its source`, {
      cause,
    });
  }
}
