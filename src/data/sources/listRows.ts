/** What lists of images say, row by row: CSV, JSON lines, or plain lines of a path and a label. */
import { parse } from "csv-parse/sync";
import { z } from "zod";
import { DataError } from "../../errors.js";
import { imageExtensions, isImageFile } from "./files.js";

export interface ListRow {
  readonly line: number;
  readonly file: string;
  /** A class, the several that the image shows, or null where nothing is said. */
  readonly shows: string | readonly string[] | null;
}

/** What may be called a list, and how its text is read; `where` is named in errors. */
export const listForms: Readonly<Record<string, (text: string, where: string) => readonly ListRow[]>> = {
  ".csv": csvRows,
  ".jsonl": jsonRows,
  ".txt": plainRows,
};

/** What the column of paths may be called. */
const fileKeys = ["file", "path", "image", "filename", "file_name"] as const;

/**
 * A header with a column of files, and of `label` (one class) or `labels` (several, between `;` or `|`; an empty cell is none).
 * Without a header, as Places205's: plain lines.
 */
function csvRows(text: string, where: string): readonly ListRow[] {
  const first = text.trimStart().split("\n", 1)[0].trim();
  const header = first.split(",").map(columnName);
  const fileColumn = fileKeys.find((key) => header.includes(key));
  if (!fileColumn) {
    if (first === "" || fileAndRest(first)) return plainRows(text, where);
    throw new DataError(
      `${where}: its first line, ${first}, is no header with a column of files (${fileKeys.join(", ")}), nor an image file and its label`,
    );
  }
  if (header.includes("label") && header.includes("labels"))
    throw new DataError(
      `${where}: its header has both label, for one class an image, and labels, for several: keep one`,
    );
  const rows = csvRecords(text, where);
  return rows.map(({ line, cells }) => {
    const file = cells[fileColumn];
    if (file === "") throw new DataError(`${where}:${line}: the ${fileColumn} column is empty`);
    const shows =
      cells.labels === undefined
        ? (cells.label ?? null)
        : cells.labels
            .split(/[;|]/)
            .map((name) => name.trim())
            .filter(Boolean);
    if (shows === "")
      throw new DataError(`${where}:${line}: ${file} has no label: give one to every image, or to none`);
    return { line, file, shows };
  });
}

const columnName = (cell: string): string => unquoted(cell.trim()).trim().toLowerCase();

type Cells = Readonly<Record<string, string | undefined>> & { readonly [K in (typeof fileKeys)[number]]: string };

function csvRecords(text: string, where: string): readonly { readonly line: number; readonly cells: Cells }[] {
  try {
    const options = { trim: true, skip_empty_lines: true, info: true } as const;
    const records = parse(text, { ...options, columns: (cells: string[]) => cells.map(columnName) });
    return (records as unknown as { info: { lines: number }; record: Cells }[]).map(({ info, record }) => ({
      line: info.lines,
      cells: record,
    }));
  } catch (cause) {
    throw new DataError(`${where} is no CSV: ${(cause as Error).message}. Put cells with commas into quotes`, {
      cause,
    });
  }
}

const noClass = "is no class: give its name, or its id from 0";
const className = z.union([z.string().min(1, noClass), z.int().nonnegative(noClass)], noClass).transform(String);
const jsonRow = z
  .object({
    ...(Object.fromEntries(fileKeys.map((key) => [key, z.string().min(1).optional()])) as {
      readonly [K in (typeof fileKeys)[number]]: z.ZodOptional<z.ZodString>;
    }),
    label: className.optional(),
    labels: z.array(className).optional(),
  })
  .refine((row) => fileKeys.some((key) => row[key]), { path: ["file"], message: "is missing" })
  .refine((row) => row.label === undefined || row.labels === undefined, {
    path: ["labels"],
    message: "stands beside label: keep one",
  });

/** An object a line: `{"file": …, "label": "cat"}` or `{"file": …, "labels": ["cat", "dog"]}`. */
function jsonRows(text: string, where: string): readonly ListRow[] {
  return linesOf(text).map(({ line, content }) => {
    const found = jsonRow.safeParse(json(content, `${where}:${line}`));
    if (!found.success) {
      const [{ path, message }] = found.error.issues;
      throw new DataError(`${where}:${line}: ${[...path].join(".") || "the line"}: ${message}`);
    }
    const file = fileKeys.map((key) => found.data[key]).find((f) => f !== undefined) as string;
    return { line, file, shows: found.data.labels ?? found.data.label ?? null };
  });
}

function json(content: string, where: string): unknown {
  try {
    return JSON.parse(content);
  } catch (cause) {
    throw new DataError(`${where}: no JSON: ${(cause as Error).message}`, { cause });
  }
}

/** A path, and after spaces or a comma its label, as in ImageNet's and Places' lists; or a path alone. */
function plainRows(text: string, where: string): readonly ListRow[] {
  return linesOf(text).map(({ line, content }) => {
    const found = fileAndRest(content);
    if (!found)
      throw new DataError(
        `${where}:${line}: ${content} does not start with an image file (${[...imageExtensions].join(", ")}). Put other paths into double quotes`,
      );
    const label = unquoted(found.rest);
    if (label === found.rest && /[\s,;|]/.test(label))
      throw new DataError(
        `${where}:${line}: one label a line is expected, not ${label}. Put a name with spaces into double quotes; several labels go into a CSV or JSONL list`,
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
