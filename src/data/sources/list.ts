/** Lists of image files with their labels: `train.csv`, `train.jsonl`, `train.txt`. */
import { existsSync } from "node:fs";
import { readdir, readFile, stat } from "node:fs/promises";
import { basename, dirname, extname, isAbsolute, resolve } from "node:path";
import { DataError } from "../../errors.js";
import { type FilesDescription, type Targets, unlabelled } from "./files.js";
import { type ListRow, listForms } from "./listRows.js";

/** Whether a file is a list by its name. */
export const isList = (path: string): boolean => extname(path).toLowerCase() in listForms;

/**
 * Reads a list.
 *
 * @param folder - where its paths start; null for the list's own folder
 * @throws DataError that names the list and line, or the first image that is missing
 */
export async function describeList(list: string, folder: string | null): Promise<FilesDescription> {
  const root = folder ?? dirname(list);
  if (!(await stat(root).catch(() => null))?.isDirectory())
    throw new DataError(`${list}: the folder of its images, ${root}, does not exist`);
  const text = (await readFile(list, "utf8")).replace(/^\uFEFF/, "");
  const rows = listForms[extname(list).toLowerCase()](text, list);
  if (rows.length === 0) throw new DataError(`${list} lists no images`);
  const files = belowRoot(
    root,
    rows.map((row) => row.file),
  );
  const missing = await missingFrom(root, files);
  if (missing.length > 0)
    throw new DataError(
      `${list}: ${missing.length} of its ${rows.length} images are missing; the first, in line ${rows[missing[0]].line}, is ${resolve(root, files[missing[0]])}. Paths start at ${root}: name another folder as ${list}#FOLDER`,
    );
  const targets = listTargets(rows, list);
  return { kind: "files", root, files, warnings: unusedIds(targets, list), ...targets };
}

/** Places365 writes paths from its own folder as `/a/abbey/1.jpg`: absolute ones are so taken if only that finds the first. */
function belowRoot(root: string, files: readonly string[]): readonly string[] {
  const relative = (file: string) => file.replace(/^\/+/, "");
  const first = files.find(isAbsolute);
  if (first === undefined || existsSync(first) || !existsSync(resolve(root, relative(first)))) return files;
  return files.map(relative);
}

/** Indices of files that do not exist: each folder is listed once, which is much faster than a look at each file. */
async function missingFrom(root: string, files: readonly string[]): Promise<number[]> {
  const listed = new Map<string, ReadonlySet<string>>();
  const missing: number[] = [];
  for (const [i, file] of files.entries()) {
    const path = resolve(root, file);
    const folder = dirname(path);
    const names = listed.get(folder) ?? new Set(await readdir(folder).catch(() => []));
    listed.set(folder, names);
    // A file system may know a name in other letters than it lists.
    if (!names.has(basename(path)) && !existsSync(path)) missing.push(i);
  }
  return missing;
}

/**
 * Labels of rows: classes by sorted name, or, if all are whole numbers, those ids as they are.
 *
 * @throws DataError where rows with one label, with several and without are mixed
 */
export function listTargets(rows: readonly ListRow[], list: string): Targets {
  const kind = kindOf(rows[0]);
  const odd = rows.find((row) => kindOf(row) !== kind);
  if (odd)
    throw new DataError(
      `${list}:${odd.line}: ${odd.file} has ${kindOf(odd)}, where the first image has ${kind}. Give every image the same`,
    );
  if (kind === kinds.none) return unlabelled;
  const shown = rows.map(({ shows }) => (typeof shows === "string" ? [shows] : (shows ?? [])));
  const { classes, idOf } = numbered(new Set(shown.flat()), list);
  if (kind === kinds.one) return { ...unlabelled, labels: Int32Array.from(shown, ([name]) => idOf(name)), classes };
  const data = new Int8Array(rows.length * classes.length);
  for (const [row, names] of shown.entries()) for (const name of names) data[row * classes.length + idOf(name)] = 1;
  return { ...unlabelled, multilabel: { shape: [rows.length, classes.length], data }, classes };
}

const kinds = { none: "no label", one: "one label", several: "a list of labels" } as const;

const kindOf = ({ shows }: ListRow): string =>
  shows === null ? kinds.none : typeof shows === "string" ? kinds.one : kinds.several;

/** More are a mistake, such as a file's number taken for its class. */
const mostIds = 100_000;

function numbered(names: ReadonlySet<string>, list: string) {
  if (names.size === 0) throw new DataError(`${list}: no image shows a class. Give one of them a label at least`);
  if ([...names].every((name) => /^\d+$/.test(name))) {
    const most = [...names].reduce((m, name) => Math.max(m, Number(name)), 0);
    if (most >= mostIds) throw new DataError(`${list}: ${most} is no class id: ids lie between 0 and ${mostIds - 1}`);
    return { classes: Array.from({ length: most + 1 }, (_, id) => String(id)), idOf: Number };
  }
  const classes = [...names].sort();
  const ids = new Map(classes.map((name, id) => [name, id]));
  return { classes, idOf: (name: string) => ids.get(name) as number };
}

/** Says so where ids leave gaps, as those do that count from 1. */
function unusedIds({ labels, multilabel, classes }: Targets, list: string): readonly string[] {
  if (!classes) return [];
  const used = new Set<number>(labels ?? []);
  for (const [at, value] of multilabel?.data.entries() ?? []) if (value === 1) used.add(at % classes.length);
  if (used.size === classes.length) return [];
  return [
    `${list}: its labels are ids of ${classes.length} classes, 0 to ${classes.length - 1}, of which ${used.size} are in use`,
  ];
}
