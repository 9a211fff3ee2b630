/**
 * The run folder, from which everything printed or drawn can be made again:
 * `run.json` (recipe, data, versions, sessions), `images.json` (what the images are recognised by), `metrics.jsonl` (a line a step
 * and an epoch), `checkpoints/`, `graphs/` (the ONNX models that ran).
 */
import * as z from "zod";
import type { SetIdentity } from "../data/index.js";
import { CheckpointError, said, UsageError } from "../errors.js";
import type { Recipe } from "../recipe/index.js";
import { parseWrittenRecipe, wordsOf } from "../recipe/index.js";
import type { FitReport } from "../weights/index.js";
import type { RunFiles } from "./runFiles.js";

/** What a run is: enough to do it again. */
export interface RunDescription {
  readonly recipe: Recipe;
  /** The images, with an absolute path, so that they are found from any folder. */
  readonly data: string;
  /** Labelled images held out, likewise; null or absent without any. */
  readonly test?: string | null;
  readonly images: number;
  readonly versions: Readonly<Record<string, string>>;
  readonly started: string;
  /** What the encoder started from, if not from the seed alone. */
  readonly init?: InitialWeights;
  /** Each start of the trainer, the first included; empty for weights that were imported and not trained. */
  readonly sessions?: readonly Session[];
}

/** A file of weights that a run started from. */
export interface InitialWeights {
  /** With an absolute path. */
  readonly file: string;
  readonly sha256: string;
  /** Whether what did not fit was left out. */
  readonly partial: boolean;
  /** What of it fitted. */
  readonly report: FitReport;
}

/** A start of the trainer. */
export interface Session {
  readonly started: string;
  /** Updates done before it. */
  readonly step: number;
  readonly provider: string;
  /** Whether first runs there were compared with the CPU's. */
  readonly crossCheck: boolean;
  /** Null: all cores. */
  readonly threads: number | null;
  /** How many trained it together; absent: one. */
  readonly processes?: number;
  /** What has changed in the recipe: `optimizer.learningRate is 0.01, was 0.1`. */
  readonly changes: readonly string[];
}

const metricKinds = ["step", "epoch", "evaluation", "session", "failure"] as const;

/** One line of `metrics.jsonl`. */
export type Metric = Readonly<Record<string, unknown>> & {
  readonly kind: (typeof metricKinds)[number];
  readonly step: number;
};

/** The metric of a line; null of one that is damaged, or whose write never ended. */
export function metricOf(line: string): Metric | null {
  try {
    const read = JSON.parse(line) as Partial<Metric> | null;
    if (!read?.kind || !metricKinds.includes(read.kind) || !Number.isFinite(read.step)) return null;
    const { concentration, ...metric } = read as Metric; // what older runs call `meanEmbeddingNorm`
    return concentration === undefined ? metric : { ...metric, meanEmbeddingNorm: concentration };
  } catch {
    return null;
  }
}

/** What is relied on of a `run.json`, beside its recipe; what else it says is kept as it is. */
const descriptionSchema = z.looseObject({
  data: z.string(),
  test: z.string().nullish(),
  images: z.int().positive(),
  sessions: z.array(z.looseObject({ step: z.int().nonnegative() })).optional(),
  init: z.looseObject({ file: z.string(), sha256: z.string(), partial: z.boolean() }).optional(),
});

const identitySchema = z.object({
  images: z.array(z.tuple([z.string(), z.number().nullable()])),
  sample: z.array(z.tuple([z.int(), z.string().nullable()])),
});

/** A JSON file's content by a schema. @throws CheckpointError that names the file and the field */
function contentOf<T extends z.ZodType>(schema: T, text: string, file: string): z.infer<T> {
  const damaged = (what: string, cause?: unknown) =>
    new CheckpointError("damaged", said`${{ file }} is damaged: ${what}. Restore it, or train again`, { cause });
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch (cause) {
    throw damaged((cause as Error).message, cause);
  }
  const found = schema.safeParse(data);
  if (found.success) return found.data;
  const [issue] = found.error.issues;
  throw damaged(`${issue.path.join(".") || "all of it"}: ${wordsOf(issue)}`);
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const files = { run: "run.json", images: "images.json", metrics: "metrics.jsonl" } as const;
const folders = { checkpoints: "checkpoints", graphs: "graphs" } as const;

/** A run's files: what it is, its numbers, its checkpoints. */
export class RunFolder {
  private constructor(
    readonly files: RunFiles,
    readonly description: RunDescription,
  ) {}

  /** A new run. @throws UsageError if the folder holds one already; DataError if it cannot be written */
  static async create(into: RunFiles, description: RunDescription): Promise<RunFolder> {
    if ((await into.list("")).includes(files.run)) {
      throw new UsageError(
        "occupied",
        said`${{ file: into.path }} already holds a run: go on with it, or choose another folder`,
        { settings: ["resume", "out"] },
      );
    }
    for (const part of ["", folders.checkpoints, folders.graphs]) await into.makeFolder(part);
    return new RunFolder(into, description).described(description);
  }

  /** The run with another description, written. */
  async described(description: RunDescription): Promise<RunFolder> {
    await this.files.write(files.run, encoder.encode(`${JSON.stringify(description, null, 2)}\n`));
    return new RunFolder(this.files, description);
  }

  /** Removes all that the run has made. */
  async discard(): Promise<void> {
    for (const part of [...Object.values(files), ...Object.values(folders)]) await this.files.remove(part);
  }

  /** Saves what its images are recognised by. */
  async saveImages(identity: SetIdentity): Promise<void> {
    await this.files.write(files.images, encoder.encode(JSON.stringify(identity)));
  }

  /** What its images are recognised by; null for a run of older software. */
  async images(): Promise<SetIdentity | null> {
    const bytes = await this.files.read(files.images);
    return bytes && contentOf(identitySchema, decoder.decode(bytes), this.files.at(files.images));
  }

  /** A run that exists. @throws UsageError if there is none; CheckpointError if its description is damaged */
  static async open(from: RunFiles): Promise<RunFolder> {
    const file = from.at(files.run);
    const none = (why: string, cause?: unknown) =>
      new UsageError(
        "missing",
        said`${{ file: from.path }} holds no run (${file}: ${why}): give the folder that hcsc train wrote`,
        { cause },
      );
    const bytes = await from.read(files.run).catch((error: Error) => {
      const cause = error.cause as { readonly code?: string } | undefined;
      throw none(cause?.code ?? error.message, error);
    });
    if (!bytes) throw none("ENOENT");
    const description = contentOf(descriptionSchema, decoder.decode(bytes), file) as unknown as RunDescription;
    return new RunFolder(from, { ...description, recipe: parseWrittenRecipe(description.recipe, said`${{ file }}`) });
  }

  /** What messages call it: its path on a disk. */
  get path(): string {
    return this.files.path;
  }

  get metricsFile(): string {
    return this.files.at(files.metrics);
  }

  /** @throws DataError if it cannot be written */
  append(metric: Metric): Promise<void> {
    return this.files.append(files.metrics, `${JSON.stringify(metric)}\n`);
  }

  /** Has all metrics so far on the disk. @throws DataError if that fails */
  flushMetrics(): Promise<void> {
    return this.files.flush(files.metrics);
  }

  /** Lines of the metrics file; those of unfinished writes are left out. */
  async metrics(): Promise<readonly Metric[]> {
    const bytes = await this.files.read(files.metrics).catch(() => null);
    const text = bytes ? decoder.decode(bytes) : "";
    return text.split("\n").flatMap((line) => metricOf(line) ?? []);
  }

  /** Drops what was written after `step`, checkpoints too, as a resumed run writes it again. */
  async rewind(step: number): Promise<void> {
    for (const name of await this.checkpointNames()) if (stepOf(name) > step) await this.files.remove(name);
    const kept = (await this.metrics()).filter((m) => m.step <= step);
    await this.files.write(files.metrics, encoder.encode(kept.map((m) => `${JSON.stringify(m)}\n`).join("")));
  }

  saveGraph(name: string, model: Uint8Array): Promise<void> {
    return this.files.write(`${folders.graphs}/${name}.onnx`, model);
  }

  /** Writes a checkpoint. @returns its file */
  async saveCheckpoint(step: number, bytes: Iterable<Uint8Array>): Promise<string> {
    const name = `${folders.checkpoints}/step-${String(step).padStart(8, "0")}.safetensors`;
    await this.files.write(name, bytes);
    return this.files.at(name);
  }

  /** Checkpoints by name, oldest first. */
  async checkpointNames(): Promise<readonly string[]> {
    return (await this.files.list(folders.checkpoints))
      .filter((n) => /^step-\d{8}\.safetensors$/.test(n))
      .sort()
      .map((n) => `${folders.checkpoints}/${n}`);
  }

  /** Checkpoint files, oldest first. */
  async listCheckpoints(): Promise<readonly string[]> {
    return (await this.checkpointNames()).map((name) => this.files.at(name));
  }

  /** Removes all checkpoints but the last `keep`, and the last that is wanted. */
  async pruneCheckpoints(keep: number, isWanted: (updates: number) => boolean): Promise<void> {
    const names = await this.checkpointNames();
    const wanted = names.findLast((name) => isWanted(stepOf(name)));
    for (const name of names.slice(0, -keep)) if (name !== wanted) await this.files.remove(name);
  }
}

/** The number of updates before a checkpoint, from its file name. */
export const stepOf = (file: string): number => Number(/(\d+)\.safetensors$/.exec(file)?.[1]);
