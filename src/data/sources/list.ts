/** Lists of image files with their labels: `train.csv`, `train.tsv`, `train.jsonl`, `train.txt`. */
import { existsSync } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { basename, dirname, extname, isAbsolute, join, resolve } from "node:path";
import { DataError, said } from "../../errors.js";
import { type Labelling, unlabelled } from "../layout/index.js";
import type { FilesDescription } from "./files.js";
import { type ListRow, listForms } from "./listRows.js";
import { type Bound, boundOf, namesWithin } from "./within.js";

/** Whether a file is a list by its name. */
export const isList = (path: string): boolean => extname(path).toLowerCase() in listForms;

/**
 * Reads a list.
 *
 * @param folder - where its paths start; null for the list's own folder
 * @throws DataError that names the list and line, or the first image where all are missing
 */
export async function describeList(list: string, folder: string | null, mayLeave: boolean): Promise<FilesDescription> {
  const root = folder ?? dirname(list);
  if (!(await stat(root).catch(() => null))?.isDirectory())
    throw new DataError("missing", said`${list}: the folder of its images, ${{ file: root }}, does not exist`);
  const text = textOf(await readFile(list));
  const rows = listForms[extname(list).toLowerCase()](text, list);
  if (rows.length === 0) throw new DataError("empty", said`${{ file: list }} lists no images`);
  return { ...(await listed(rows, root, list, mayLeave)), root };
}

/** The images of a list's rows. @throws DataError if none of them exists, or one is outside the root and may not be */
export async function listed(
  rows: readonly ListRow[],
  root: string,
  list: string,
  mayLeave: boolean,
): Promise<Omit<FilesDescription, "root">> {
  const files = belowRoot(
    root,
    rows.map((row) => row.file),
  );
  const missing = await missingFrom(root, files, await boundOf(root, list, mayLeave));
  const firstMissing = () => `in line ${rows[missing[0]].line}, is ${resolve(root, files[missing[0]])}`;
  const remedy = `Paths start at ${root}: name another folder as ${list}#FOLDER`;
  if (missing.length === files.length)
    throw new DataError(
      "missing",
      said`${{ file: list }}: ${missing.length} of its ${rows.length} images are missing; the first, ${firstMissing()}. ${remedy}`,
    );
  const labelling = labellingOf(rows, list);
  const gone =
    missing.length > 0
      ? [`${list}: ${missing.length} of its ${rows.length} images are missing; the first, ${firstMissing()}. ${remedy}`]
      : [];
  return {
    kind: "files",
    files,
    warnings: [...gone, ...labelWarnings(labelling, list)],
    ...labelling,
  };
}

/** UTF-8 or UTF-16, by its byte order mark or, without one, by the zeros of every other byte. */
export function textOf(bytes: Buffer): string {
  const [a, b] = bytes;
  const isLittle = (a === 0xff && b === 0xfe) || (a !== 0 && b === 0);
  const isBig = (a === 0xfe && b === 0xff) || (a === 0 && b !== 0 && bytes.length > 1);
  return new TextDecoder(isLittle ? "utf-16le" : isBig ? "utf-16be" : "utf-8").decode(bytes);
}

/** Places365 writes paths from its own folder as `/a/abbey/1.jpg`: absolute ones are so taken if only that finds the first. */
function belowRoot(root: string, files: readonly string[]): readonly string[] {
  const relative = (file: string) => file.replace(/^\/+/, "");
  const first = files.find(isAbsolute);
  if (first === undefined || existsSync(first) || !existsSync(resolve(root, relative(first)))) return files;
  return files.map(relative);
}

/** Indices of files that do not exist: each folder is listed once, which is much faster than a look at each file. */
async function missingFrom(root: string, files: readonly string[], bound: Bound | null): Promise<number[]> {
  const paths = new Set(files.map((file) => resolve(root, file)));
  const listed = new Map<string, ReadonlySet<string>>();
  const missing: number[] = [];
  for (const [i, file] of files.entries()) {
    const path = resolve(root, file);
    const folder = dirname(path);
    const names = listed.get(folder) ?? new Set(await namesIn(folder, bound, paths));
    listed.set(folder, names);
    // A file system may know a name in other letters than it lists.
    if (!names.has(basename(path)) && !existsSync(path)) missing.push(i);
  }
  return missing;
}

/** The names in a folder; none of one that is not there. */
const namesIn = (folder: string, bound: Bound | null, paths: ReadonlySet<string>): Promise<readonly string[]> =>
  namesWithin(folder, bound, (name) => paths.has(join(folder, name))).catch((error) => {
    if (error instanceof DataError) throw error;
    return [];
  });

/**
 * Labels of rows: classes by sorted name, or, if all are whole numbers, those ids as they are. A row that says nothing has no label.
 *
 * @throws DataError where rows with one label and with several are mixed
 */
export function labellingOf(rows: readonly ListRow[], list: string): Labelling {
  const labelled = rows.filter((row) => row.shows !== null);
  if (labelled.length === 0) return unlabelled;
  const kind = kindOf(labelled[0]);
  const odd = labelled.find((row) => kindOf(row) !== kind);
  if (odd)
    throw new DataError(
      "wrong-labels",
      said`${{ file: list }}:${{ line: odd.line }}: ${{ image: odd.file }} has ${kindOf(odd)}, where the first image has ${kind}. Give every image the same`,
    );
  const shown = rows.map(({ shows }) => (typeof shows === "string" ? [shows] : (shows ?? [])));
  const { classes, idOf } = numbered(new Set(shown.flat()), list);
  if (kind === kinds.one)
    return {
      ...unlabelled,
      labels: Int32Array.from(shown, ([name]) => (name === undefined ? -1 : idOf(name))),
      classes,
    };
  const data = new Int8Array(rows.length * classes.length);
  for (const [row, names] of shown.entries()) {
    if (rows[row].shows === null) data.fill(-1, row * classes.length, (row + 1) * classes.length);
    for (const name of names) data[row * classes.length + idOf(name)] = 1;
  }
  return { ...unlabelled, multilabel: { shape: [rows.length, classes.length], data }, classes };
}

const kinds = { one: "one label", several: "a list of labels" } as const;

const kindOf = ({ shows }: ListRow): string => (typeof shows === "string" ? kinds.one : kinds.several);

/** More are a mistake, such as a file's number taken for its class. */
const mostIds = 100_000;

function numbered(names: ReadonlySet<string>, list: string) {
  if (names.size === 0)
    throw new DataError(
      "wrong-labels",
      said`${{ file: list }}: no image shows a class. Give one of them a label at least`,
    );
  if ([...names].every((name) => /^\d+$/.test(name))) {
    const most = [...names].reduce((m, name) => Math.max(m, Number(name)), 0);
    if (most >= mostIds)
      throw new DataError(
        "wrong-labels",
        said`${{ file: list }}: ${most} is no class id: ids lie between 0 and ${mostIds - 1}`,
      );
    return { classes: Array.from({ length: most + 1 }, (_, id) => String(id)), idOf: Number };
  }
  const classes = [...names].sort();
  const ids = new Map(classes.map((name, id) => [name, id]));
  return { classes, idOf: (name: string) => ids.get(name) as number };
}

/** What is odd about a set's labels. */
export const labelWarnings = (labelling: Labelling, list: string): readonly string[] => [
  ...unlabelledRows(labelling, list),
  ...unusedIds(labelling, list),
];

function unlabelledRows({ labels, multilabel }: Labelling, list: string): readonly string[] {
  const count = labels ? labels.length : (multilabel?.shape[0] ?? 0);
  const width = multilabel?.shape[1] ?? 1;
  const values = labels ?? multilabel?.data ?? new Int32Array();
  const without = Array.from({ length: count }, (_, i) => i).filter((i) =>
    values.subarray(i * width, (i + 1) * width).every((v) => v < 0),
  );
  if (without.length === 0) return [];
  return [`${list}: ${without.length} of its ${count} images have no label: what needs labels leaves them out`];
}

/** Says so where ids leave gaps, as those do that count from 1. */
function unusedIds({ labels, multilabel, classes }: Labelling, list: string): readonly string[] {
  if (!classes) return [];
  const used = new Set<number>(labels?.filter((id) => id >= 0) ?? []);
  for (const [at, value] of multilabel?.data.entries() ?? []) if (value === 1) used.add(at % classes.length);
  if (used.size === classes.length) return [];
  return [
    `${list}: its labels are ids of ${classes.length} classes, 0 to ${classes.length - 1}, of which ${used.size} are in use`,
  ];
}
