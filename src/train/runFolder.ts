/**
 * The run folder, from which everything printed or drawn can be made again:
 * `run.json` (recipe, data, versions, sessions), `images.json` (what the images are recognised by), `metrics.jsonl` (a line a step
 * and an epoch), `checkpoints/`, `graphs/` (the ONNX models that ran).
 */
import { access, appendFile, open, readdir, readFile, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { z } from "zod";
import type { SetIdentity } from "../data/index.js";
import { CheckpointError, said, UsageError } from "../errors.js";
import type { Recipe } from "../recipe/index.js";
import { parseWrittenRecipe, wordsOf } from "../recipe/index.js";
import { makeFolder, notWritten, removeUnfinished, writeAtomically } from "../tensorfile/index.js";
import type { FitReport } from "../weights/index.js";

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

/** A run on disk: what it is, its numbers, its checkpoints. */
export class RunFolder {
  protected constructor(
    readonly path: string,
    readonly description: RunDescription,
  ) {}

  /** A new run. @throws UsageError if the folder holds one already; DataError if it cannot be written */
  static async create(path: string, description: RunDescription): Promise<RunFolder> {
    if (await exists(join(path, "run.json"))) {
      throw new UsageError(
        "occupied",
        said`${{ file: path }} already holds a run: go on with it, or choose another folder`,
        { settings: ["resume", "out"] },
      );
    }
    for (const part of ["", "checkpoints", "graphs"]) await makeFolder(join(path, part));
    return new RunFolder(path, description).described(description);
  }

  /** The run with another description, written. */
  async described(description: RunDescription): Promise<RunFolder> {
    await writeAtomically(join(this.path, "run.json"), encoder.encode(`${JSON.stringify(description, null, 2)}\n`));
    return new RunFolder(this.path, description);
  }

  /** Removes what sessions that died have left half-written. Only who holds the folder may. */
  static async removeUnfinished(path: string): Promise<void> {
    const written: ReadonlySet<string> = new Set(["run.json", "images.json", "metrics.jsonl"]);
    await removeUnfinished(path, (name) => written.has(name));
    for (const part of ["checkpoints", "graphs"]) await removeUnfinished(join(path, part), () => true);
  }

  /** Removes all that the run has made. */
  async discard(): Promise<void> {
    for (const part of ["run.json", "images.json", "metrics.jsonl", "checkpoints", "graphs"])
      await rm(join(this.path, part), { recursive: true, force: true });
  }

  /** Saves what its images are recognised by. */
  async saveImages(identity: SetIdentity): Promise<void> {
    await writeAtomically(this.imagesFile, encoder.encode(JSON.stringify(identity)));
  }

  /** What its images are recognised by; null for a run of older software. */
  async images(): Promise<SetIdentity | null> {
    const text = await readFile(this.imagesFile, "utf8").catch((cause) => {
      if (cause.code === "ENOENT") return null;
      throw new CheckpointError("unreadable", said`${{ file: this.imagesFile }} cannot be read: ${cause.message}`, {
        cause,
      });
    });
    return text === null ? null : contentOf(identitySchema, text, this.imagesFile);
  }

  private get imagesFile(): string {
    return join(this.path, "images.json");
  }

  /** A run that exists. @throws UsageError if there is none; CheckpointError if its description is damaged */
  static async open(path: string): Promise<RunFolder> {
    const file = join(path, "run.json");
    const text = await readFile(file, "utf8").catch((cause) => {
      throw new UsageError(
        "missing",
        said`${{ file: path }} holds no run (${file}: ${cause.code ?? cause.message}): give the folder that hcsc train wrote`,
        { cause },
      );
    });
    const description = contentOf(descriptionSchema, text, file) as unknown as RunDescription;
    return new RunFolder(path, { ...description, recipe: parseWrittenRecipe(description.recipe, said`${{ file }}`) });
  }

  get metricsFile(): string {
    return join(this.path, "metrics.jsonl");
  }

  get checkpoints(): string {
    return join(this.path, "checkpoints");
  }

  /** @throws DataError if it cannot be written */
  async append(metric: Metric): Promise<void> {
    await appendFile(this.metricsFile, `${JSON.stringify(metric)}\n`).catch((cause) => {
      throw notWritten(this.metricsFile, cause);
    });
  }

  /** Has all metrics so far on the disk. @throws DataError if that fails */
  async flushMetrics(): Promise<void> {
    try {
      const file = await open(this.metricsFile, "a");
      await file.sync().finally(() => file.close());
    } catch (cause) {
      throw notWritten(this.metricsFile, cause);
    }
  }

  /** Lines of the metrics file; those of unfinished writes are left out. */
  async metrics(): Promise<readonly Metric[]> {
    const text = await readFile(this.metricsFile, "utf8").catch(() => "");
    return text.split("\n").flatMap((line) => metricOf(line) ?? []);
  }

  /** Drops what was written after `step`, checkpoints too, as a resumed run writes it again. */
  async rewind(step: number): Promise<void> {
    for (const file of await this.listCheckpoints()) if (stepOf(file) > step) await rm(file, { force: true });
    const kept = (await this.metrics()).filter((m) => m.step <= step);
    await writeAtomically(this.metricsFile, encoder.encode(kept.map((m) => `${JSON.stringify(m)}\n`).join("")));
  }

  async saveGraph(name: string, model: Uint8Array): Promise<void> {
    await writeAtomically(join(this.path, "graphs", `${name}.onnx`), model);
  }

  /** Checkpoint files, oldest first. */
  async listCheckpoints(): Promise<readonly string[]> {
    const names = await readdir(this.checkpoints).catch(() => [] as string[]);
    return names
      .filter((n) => /^step-\d{8}\.safetensors$/.test(n))
      .sort()
      .map((n) => join(this.checkpoints, n));
  }

  /** Removes all checkpoints but the last `keep`, and the last that is wanted. */
  async pruneCheckpoints(keep: number, isWanted: (updates: number) => boolean): Promise<void> {
    const files = await this.listCheckpoints();
    const wanted = files.findLast((file) => isWanted(stepOf(file)));
    for (const file of files.slice(0, -keep)) if (file !== wanted) await rm(file, { force: true });
  }
}

/** The number of updates before a checkpoint, from its file name. */
export const stepOf = (file: string): number => Number(/\d+/.exec(basename(file))?.[0]);

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );
