/** What lists of images say, row by row: CSV, JSON lines, or plain lines of a path and a label. */
import { parse } from "csv-parse/sync";
import * as z from "zod";
import { DataError, type Sentence, said } from "../../errors.js";
import { imageExtensions, isImageFile } from "../layout/index.js";

export interface ListRow {
  readonly line: number;
  readonly file: string;
  /** A class, the several that the image shows, or null where nothing is said. */
  readonly shows: string | readonly string[] | null;
}

/** What may be called a list, and how its text is read; `where` is named in errors. */
export const listForms: Readonly<Record<string, (text: string, where: string) => readonly ListRow[]>> = {
  ".csv": tableRows,
  ".tsv": tableRows,
  ".jsonl": jsonRows,
  ".ndjson": jsonRows,
  ".txt": plainRows,
};

/** What columns may be called, spaces and dashes as underscores, by what they hold. */
export const columnKeys = {
  file: [
    ...["file", "path", "image", "filename", "file_name", "filepath", "file_path", "image_path", "image_file"],
    ...["image_name", "img", "img_path", "picture", "photo"],
  ],
  label: ["label", "class", "class_name", "label_name", "category", "target", "species", "y"],
  labels: ["labels", "classes", "categories", "tags"],
} as const;

/** The first of a kind's keys that is among some columns. */
export const columnOf = (kind: keyof typeof columnKeys, columns: readonly string[]): string | undefined =>
  columnKeys[kind].find((key) => columns.includes(key));

export const columnName = (cell: string): string =>
  unquoted(cell.trim())
    .trim()
    .toLowerCase()
    .replaceAll(/[\s-]+/g, "_");

const separators = [",", ";", "\t", "|"] as const;

/**
 * A header with a column of files, and of a label (one class) or `labels` (several, between `;` or `|`; an empty cell is none),
 * between commas, semicolons, tabs or bars. Without a header, as Places205's: plain lines.
 */
function tableRows(text: string, where: string): readonly ListRow[] {
  const first = text.trimStart().split("\n", 1)[0].trim();
  const forms = separators.map((separator) => ({ separator, header: first.split(separator).map(columnName) }));
  const form = forms.find(({ header }) => columnOf("file", header) !== undefined);
  if (!form) {
    if (first === "" || fileAndRest(first)) return plainRows(text, where);
    throw new DataError(
      "unknown-format",
      said`${{ file: where }}: its first line, ${first}, is no header with a column of files (${columnKeys.file.join(", ")}), nor an image file and its label`,
    );
  }
  const { separator, header } = form;
  const fileColumn = columnOf("file", header) as string;
  const [one, several] = [columnOf("label", header), columnOf("labels", header)];
  if (one !== undefined && several !== undefined)
    throw new DataError(
      "wrong-entry",
      said`${{ file: where }}: its header has both ${{ field: one }}, for one class an image, and ${several}, for several: keep one`,
    );
  return tableRecords(text, separator, where).map(({ line, cells }) => {
    const file = cells[fileColumn] ?? "";
    if (file === "")
      throw new DataError(
        "wrong-entry",
        said`${{ file: where }}:${{ line }}: the ${{ field: fileColumn }} column is empty`,
      );
    if (several === undefined) return { line, file, shows: (one && cells[one]) || null };
    const names = (cells[several] ?? "").split(/[;|]/).map((name) => name.trim());
    return { line, file, shows: names.filter(Boolean) };
  });
}

type Cells = Readonly<Record<string, string | undefined>>;

function tableRecords(
  text: string,
  delimiter: string,
  where: string,
): readonly { readonly line: number; readonly cells: Cells }[] {
  try {
    const options = { trim: true, skip_empty_lines: true, info: true, delimiter } as const;
    const records = parse(text, { ...options, columns: (cells: string[]) => cells.map(columnName) });
    return (records as unknown as { info: { lines: number }; record: Cells }[]).map(({ info, record }) => ({
      line: info.lines,
      cells: record,
    }));
  } catch (cause) {
    throw new DataError(
      "damaged",
      said`${{ file: where }} is no CSV: ${cause as Error}. Put cells with separators into quotes`,
      { cause },
    );
  }
}

const noClass = "is no class: give its name, or its id from 0";
const className = z.union([z.string().min(1, noClass), z.int().nonnegative(noClass)], noClass).transform(String);
const rowSchema = z.looseObject({
  file: z.string("is missing, or no text").min(1, "is empty"),
  label: className.nullish(),
  labels: z.array(className).nullish(),
});

/** An object a line: `{"file": …, "label": "cat"}` or `{"file": …, "labels": ["cat", "dog"]}`; other names as in tables. */
function jsonRows(text: string, where: string): readonly ListRow[] {
  return linesOf(text).map(({ line, content }) => {
    const at = said`${{ file: where }}:${{ line }}`;
    return rowOf(json(content, at), line, at);
  });
}

/** A row of named values. @param where - of the row, for errors */
export function rowOf(data: unknown, line: number, where: Sentence): ListRow {
  if (data === null || typeof data !== "object")
    throw new DataError("wrong-entry", said`${where}: the line: is no object`);
  const fields = Object.entries(data);
  const names = fields.map(([name]) => columnName(name));
  const given = (kind: keyof typeof columnKeys) => fields[names.indexOf(columnOf(kind, names) ?? "")]?.[1];
  const found = rowSchema.safeParse({ file: given("file"), label: given("label"), labels: given("labels") });
  if (!found.success) {
    const [{ path, message }] = found.error.issues;
    throw new DataError("wrong-entry", said`${where}: ${{ field: [...path].join(".") }}: ${message}`);
  }
  const { file, label, labels } = found.data;
  if (label != null && labels != null)
    throw new DataError("wrong-entry", said`${where}: ${{ field: "labels" }}: stands beside label: keep one`);
  return { line, file, shows: labels ?? label ?? null };
}

function json(content: string, where: Sentence): unknown {
  try {
    return JSON.parse(content);
  } catch (cause) {
    throw new DataError("wrong-entry", said`${where}: no JSON: ${cause as Error}`, { cause });
  }
}

/** A path, and after spaces or a comma its label, as in ImageNet's and Places' lists; or a path alone. */
function plainRows(text: string, where: string): readonly ListRow[] {
  return linesOf(text).map(({ line, content }) => {
    const found = fileAndRest(content);
    if (!found)
      throw new DataError(
        "wrong-entry",
        said`${{ file: where }}:${{ line }}: ${content} does not start with an image file (${imageExtensions.join(", ")}). Put other paths into double quotes`,
      );
    const label = unquoted(found.rest);
    if (label === found.rest && /[\s,;|]/.test(label))
      throw new DataError(
        "wrong-entry",
        said`${{ file: where }}:${{ line }}: one label a line is expected, not ${label}. Put a name with spaces into double quotes; several labels go into a CSV or JSONL list`,
      );
    return { line, file: found.file, shows: label || null };
  });
}

/** A quoted path, or the shortest one that is an image by its name and ends the line or stands before a space or comma. */
function fileAndRest(line: string): { readonly file: string; readonly rest: string } | null {
  const quoted = /^"((?:[^"]|"")+)"(?:$|[\s,]+(.*)$)/.exec(line);
  if (quoted) return { file: quoted[1].replaceAll('""', '"'), rest: quoted[2] ?? "" };
  if (isImageFile(line)) return { file: line, rest: "" };
  for (const { 0: gap, index } of line.matchAll(/\s*,\s*|\s+/g))
    if (isImageFile(line.slice(0, index))) return { file: line.slice(0, index), rest: line.slice(index + gap.length) };
  return null;
}

/** A text in double quotes without them; others as they are. */
const unquoted = (text: string): string => /^"((?:[^"]|"")*)"$/.exec(text)?.[1].replaceAll('""', '"') ?? text;

/** The lines that are not blank, numbered from 1. */
const linesOf = (text: string) =>
  text
    .split("\n")
    .map((content, i) => ({ line: i + 1, content: content.trim() }))
    .filter(({ content }) => content !== "");
