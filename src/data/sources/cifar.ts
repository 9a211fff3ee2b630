/** CIFAR-10 and CIFAR-100 in their binary form (Krizhevsky 2009): records of labels and 32×32 planes of red, green, blue. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { DataError, said } from "../../errors.js";
import { type ImageSource, type Picture, shared } from "./picture.js";

export interface CifarDescription {
  readonly kind: "cifar";
  readonly folder: string;
  readonly part: string;
  readonly records: Uint8Array;
  /** Label bytes before the pixels: 1 (CIFAR-10), or 2, coarse and fine (CIFAR-100). */
  readonly labelBytes: 1 | 2;
  readonly classes: readonly string[] | null;
}

const side = 32;
const plane = side * side;

const parts: Readonly<Record<string, { readonly file: RegExp; readonly labelBytes: 1 | 2; readonly part: string }[]>> =
  {
    train: [
      { file: /^data_batch_\d\.bin$/, labelBytes: 1, part: "train" },
      { file: /^train\.bin$/, labelBytes: 2, part: "train" },
    ],
    test: [
      { file: /^test_batch\.bin$/, labelBytes: 1, part: "test" },
      { file: /^test\.bin$/, labelBytes: 2, part: "test" },
    ],
  };

/** Whether a folder holds CIFAR's binary files. */
export async function isCifarFolder(path: string): Promise<boolean> {
  const files = await readdir(path);
  return Object.values(parts)
    .flat()
    .some(({ file }) => files.some((f) => file.test(f)));
}

/** Reads one part. @param part - `train` or `test` */
export async function describeCifar(path: string, part: string): Promise<CifarDescription> {
  const files = (await readdir(path)).sort();
  const form = (parts[part] ?? []).find(({ file }) => files.some((f) => file.test(f)));
  if (!form)
    throw new DataError(
      "missing",
      said`${{ file: path }} has no ${{ part }} part of CIFAR: it holds ${files.join(", ")}. Add #train or #test to its name`,
    );
  const record = form.labelBytes + 3 * plane;
  const chunks: Buffer[] = [];
  for (const file of files.filter((f) => form.file.test(f))) {
    const bytes = await readFile(join(path, file));
    if (bytes.length % record !== 0)
      throw new DataError(
        "damaged",
        said`${{ file: join(path, file) }} is damaged: ${bytes.length} bytes are no whole number of records of ${record}. Restore it from its source`,
      );
    chunks.push(bytes);
  }
  const records = Buffer.concat(chunks);
  if (records.length === 0)
    throw new DataError("empty", said`${{ file: path }}: the ${{ part }} part of CIFAR holds no images`);
  const names = await readFile(
    join(path, form.labelBytes === 1 ? "batches.meta.txt" : "fine_label_names.txt"),
    "utf8",
  ).catch(() => null);
  const classes = names?.split("\n").filter(Boolean) ?? null;
  const wrong = classes ? firstLabelFrom(classes.length, records, form.labelBytes) : null;
  if (wrong)
    throw new DataError(
      "wrong-labels",
      said`${{ file: path }}: image ${wrong.image} of the ${part} part has label ${wrong.label}, of ${classes?.length} classes. Restore it from its source`,
    );
  return { kind: "cifar", folder: path, part, records: shared(records), labelBytes: form.labelBytes, classes };
}

/** The first image whose class is none of so many. */
function firstLabelFrom(classes: number, records: Uint8Array, labelBytes: number) {
  const record = labelBytes + 3 * plane;
  for (let image = 0; image * record < records.length; image++) {
    const label = records[image * record + labelBytes - 1];
    if (label >= classes) return { image, label };
  }
  return null;
}

export function openCifar({ part, records, labelBytes, classes }: CifarDescription): ImageSource {
  const record = labelBytes + 3 * plane;
  const count = records.length / record;
  const labelsAt = (byte: number) => Int32Array.from({ length: count }, (_, i) => records[i * record + byte]);
  const fine = labelsAt(labelBytes - 1);
  const picture = (i: number) => interleaved(records.subarray(i * record + labelBytes, (i + 1) * record));
  return {
    count,
    labels: fine,
    classes: classes ?? Array.from({ length: fine.reduce((a, b) => Math.max(a, b), 0) + 1 }, (_, i) => String(i)),
    multilabel: null,
    hierarchy: labelBytes === 2 ? [fine, labelsAt(0)] : null,
    warnings: [],
    name: (i) => `${part}#${i}`,
    file: () => null,
    bytes: async () => null,
    content: async (i) => picture(i).data,
    read: async (i) => picture(i),
  };
}

function interleaved(planes: Uint8Array): Picture {
  const data = new Uint8Array(3 * plane);
  for (let c = 0; c < 3; c++) for (let p = 0; p < plane; p++) data[3 * p + c] = planes[c * plane + p];
  return { width: side, height: side, channels: 3, data };
}
