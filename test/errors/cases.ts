/** A way to each error of the library, in a folder of its own: what is done raises it, or gives it. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { kmeans, plainNearest } from "../../src/cluster/index.js";
import { describeSource, identityOf, openLoader, openSource } from "../../src/data/index.js";
import { onDisk, readCheckpoint, withLock } from "../../src/disk/index.js";
import { DeviceSessions } from "../../src/engine/deviceSessions.js";
import { type DataArray, Requests, requireProvider } from "../../src/engine/index.js";
import type { Hosted } from "../../src/engine/messages.js";
import { type ErrorCode, type ErrorData, type ErrorName, errorFrom } from "../../src/errors.js";
import { contingency } from "../../src/eval/contingency.js";
import { embeddingSpread, labelsOf } from "../../src/eval/index.js";
import {
  add,
  apply,
  buildModel,
  constant,
  differentiate,
  differentiateModel,
  identity,
  input,
  matMul,
  mean,
  readModel,
} from "../../src/graph/index.js";
import { requireWhole } from "../../src/mpi/index.js";
import { decodeModel } from "../../src/onnx/index.js";
import { fillFolder } from "../../src/organize/index.js";
import { trainingArtifacts } from "../../src/ortTraining/index.js";
import { loadRecipe } from "../../src/presets/index.js";
import { encoderSettings } from "../../src/programs/index.js";
import { sheetsBySharp } from "../../src/publish/index.js";
import { overrideRecipe, parseRecipe, resumeChanges } from "../../src/recipe/index.js";
import { thumbnails } from "../../src/report/thumbnails.js";
import { openEngine } from "../../src/runtime/index.js";
import { readTensors, writeAtomically, writeTensors } from "../../src/tensorfile/index.js";
import { decodeTensors } from "../../src/tensors/index.js";
import { notFinite } from "../../src/train/failure.js";
import {
  lastSoundCheckpoint,
  learnedHierarchy,
  RunFolder,
  requireSameImages,
  type StepMetric,
} from "../../src/train/index.js";
import { fitWeights, openWeights, readWeights } from "../../src/weights/index.js";
import { readTorchZip } from "../../src/weights/torchFile.js";
import { writeZip } from "../../src/weights/zip.js";
import { requireEqual } from "../../src/world/index.js";
import { hcsc, tinyRecipe } from "../commands/cli.js";
import { file, floats, op } from "../graph/onnxFile.js";

/** What is done in an empty folder. */
type Case = (folder: string) => unknown;

/** What the command raises, as `--json` prints it. */
async function raisedBy(...args: readonly string[]): Promise<never> {
  const { stderr } = await hcsc(...args, "--json");
  const { error }: { readonly error: ErrorData } = JSON.parse(stderr.trim().split("\n").at(-1) as string);
  throw errorFrom(error);
}

async function written(path: string, content: string | Uint8Array): Promise<string> {
  await writeFile(path, content);
  return path;
}

const tiny = parseRecipe(tinyRecipe, "tiny");
const newRun = (folder: string, more: object = {}): Promise<RunFolder> => {
  const description = { recipe: tiny, data: "photos", images: 4, versions: {}, started: "now", ...more };
  return RunFolder.create(onDisk(join(folder, "run")), description);
};
const setOf = async (count: number) => openSource(await describeSource(`synthetic:count=${count},size=8`));

const [x, y] = [input("x", [2, 3]), input("y", [2, 4])];
const x23 = { name: "x", dtype: "float32", shape: [2, 3] } as const;
/** A model of one node. */
const modelOf = (type: string, inputs: string, attributes: Parameters<typeof op>[3] = {}): Uint8Array =>
  file({
    inputs: [x23],
    outputs: [{ ...x23, name: "z" }],
    constants: [floats("w", [4, 5])],
    nodes: [op(type, inputs, "z", attributes)],
  });

const sequence = file({
  inputs: [x23],
  outputs: [{ ...x23, name: "z", isSequence: true }],
  nodes: [op("SequenceConstruct", "x", "z")],
});

/** An engine's sessions that give one number for any program. */
const z = input("z", [1]);
const nothing = buildModel({ name: "nothing", inputs: [z], outputs: { y: identity(z) } });

const giving = (value: number): Hosted => {
  const z: DataArray = { shape: [1], data: Float32Array.of(value) };
  const info = { inputs: [], outputs: [{ name: "z", dtype: "float32", shape: [1] }], seconds: 0 };
  const nothing = async () => {};
  return {
    load: async () => info,
    run: async () => ({ z }),
    read: async () => ({}),
    traffic: () => ({ toDevice: 0, fromDevice: 0 }),
    names: () => [],
    drop: () => {},
    ...{ unload: nothing, write: nothing, close: nothing },
  };
};

async function onEngine(use: (engine: Awaited<ReturnType<typeof openEngine>>) => Promise<unknown>): Promise<unknown> {
  const engine = await openEngine({ threads: 1 });
  return use(engine).finally(() => engine.close());
}

/** Weights of one tensor in a file. */
async function weightsOf(folder: string, value: number) {
  const path = join(folder, "weights.safetensors");
  const tensor = { shape: [16], data: new Float32Array(16).fill(value) };
  const conv = { shape: [16, 3, 3, 3], data: new Float32Array(432) };
  await writeTensors(path, { "conv1.weight": conv, "bn1.weight": tensor, "bn1.running_var": tensor });
  return openWeights(path);
}

export const cases: { readonly [N in ErrorName]: Readonly<Record<ErrorCode<N>, Case>> } = {
  UsageError: {
    "wrong-arguments": () => raisedBy("train", "--dat", "photos"),
    "not-given": () => raisedBy("train", "--recipe", "demo"),
    contradiction: () => raisedBy("train", "--data", "photos", "--test", "others", "--split", "0.2"),
    "wrong-value": () => openEngine({ threads: 0 }),
    "wrong-fields": () => parseRecipe({ ...tinyRecipe, epochs: 0, batchsize: 8 }, "my.json"),
    "unknown-name": () => loadRecipe("nope", []),
    unsupported: () => requireProvider("cpu:1", ["cpu"]),
    missing: (folder) => RunFolder.open(onDisk(folder)),
    "unknown-format": async (folder) => readWeights(await written(join(folder, "notes.md"), "Notes of many words")),
    occupied: async (folder) => {
      await newRun(folder);
      await newRun(folder);
    },
    locked: async (folder) => {
      const holder = { pid: 7, host: "elsewhere", started: "2026-11-26T20:00:00.000Z" };
      await written(join(folder, "lock.json"), JSON.stringify(holder));
      await withLock(folder, async () => {});
    },
    "other-settings": () =>
      resumeChanges(tiny, parseRecipe(overrideRecipe(tiny, ["encoder.dimension=32"]), "tiny"), "run"),
    "other-images": async (folder) =>
      requireSameImages(await newRun(folder), await identityOf(await setOf(5)), "other-photos"),
    "wrong-launcher": () =>
      requireWhole(
        { by: "Open MPI's mpirun", size: 4 },
        { file: "libmpich.so.12", version: "MPICH Version: 4.0.2", size: 1 },
      ),
    "unequal-processes": () => requireEqual(["0.1.0", "0.1.0", "0.0.9"], "version"),
  },
  DataError: {
    missing: (folder) => describeSource(join(folder, "photos")),
    empty: async (folder) => describeSource(folder),
    damaged: async (folder) =>
      describeSource(await written(join(folder, "train-images-idx3-ubyte"), Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 9))),
    "unknown-format": async (folder) => describeSource(await written(join(folder, "notes.md"), "Notes")),
    "wrong-entry": async (folder) =>
      describeSource(await written(join(folder, "train.jsonl"), '{"file": "a.png", "label": 1.5}')),
    unreadable: async (folder) => {
      const path = await written(join(folder, "a.png"), "no picture");
      return openSource(await describeSource(path)).read(0);
    },
    "wrong-labels": async (folder) => {
      const path = await written(join(folder, "a.png"), "");
      return labelsOf(openSource(await describeSource(path)), "--test");
    },
    "too-few": () => embeddingSpread({ shape: [1, 2], data: Float32Array.of(1, 0) }),
    "too-large": async () => thumbnails(await setOf(4), Int32Array.of(0, 1, 2, 3), 10, sheetsBySharp),
    "wrong-length": () => contingency(Int32Array.of(0, 1, 1), Int32Array.of(0, 1)),
    "not-finite": () =>
      kmeans({ shape: [2, 1], data: Float32Array.of(1, Number.NaN) }, 1, { seed: 0, nearest: plainNearest }),
    "not-written": (folder) => writeAtomically(join(folder, "no", "vectors.npy"), new Uint8Array()),
    "loading-failed": async () => {
      const loader = openLoader({ source: await describeSource("synthetic:count=4,size=8"), seed: 0, workers: 1 });
      await loader.close();
      const views = loader.evaluate([{ indices: Int32Array.of(0), epoch: 0 }], {
        ...{ size: 8, channels: 3, resize: 8, interpolation: "bilinear" },
      });
      await views.next();
    },
  },
  ShapeError: {
    "wrong-shape": () => add(x, y),
    "wrong-dtype": () => matMul(x, input("ids", [3, 4], "int64")),
    "wrong-inputs": () => apply("Gemm", [x]),
    "wrong-attribute": () => apply("Softmax", [x], { axes: 1 } as never),
    "not-constant": () => apply("TopK", [x, input("k", [1], "int64")], {}),
    "unknown-op": () => apply("Sofmax" as never, [x]),
  },
  GraphError: {
    "unknown-format": () => decodeModel(new TextEncoder().encode("no model")),
    "unknown-op": () => readModel(modelOf("Sofmax", "x")),
    "unsupported-op": () => readModel(modelOf("Cast", "x", { to: 1, saturate: 0 })),
    "wrong-node": () => readModel(modelOf("MatMul", "x w")),
    "wrong-attribute": () => modelOf("Softmax", "x", { axis: 0.5 }),
    "wrong-shape": () => constant([1, 2], [3], "float32", "w"),
    disconnected: () => buildModel({ name: "step", inputs: [], outputs: { z: add(x, 1) } }),
    "unknown-name": () =>
      differentiateModel({ name: "step", inputs: [x], outputs: { z: mean(x) } }, { loss: "loss", parameters: "all" }),
    "not-expanded": () => buildModel({ name: "step", inputs: [x], outputs: { z: apply("SumOfSquares", [x]) } }),
    "no-gradient": () => differentiate(mean(x), [y]),
    "not-given": () => trainingArtifacts(decodeModel(modelOf("Softmax", "x")), {}, () => false),
  },
  CheckpointError: {
    missing: async (folder) => lastSoundCheckpoint(await newRun(folder), () => {}),
    unreadable: (folder) => readTensors(join(folder, "none.safetensors")),
    damaged: () => decodeTensors(new Uint8Array(3), "cut.safetensors"),
    "unknown-format": async (folder) => {
      const path = join(folder, "vectors.safetensors");
      await writeTensors(path, {});
      return readCheckpoint(path);
    },
    unsafe: () => {
      const pickle = new TextEncoder().encode("cos\nsystem\n.");
      return readTorchZip(writeZip([["archive/data.pkl", pickle]]), "bad.pth");
    },
    "wrong-weights": async (folder) => fitWeights(await weightsOf(folder, 1), encoderSettings(tiny.encoder)),
    "other-weights": async (folder) => {
      const path = join(folder, "weights.safetensors");
      await weightsOf(folder, 1);
      await newRun(folder, {
        data: "synthetic:count=64,size=16",
        images: 64,
        init: { file: path, sha256: "of before", partial: true, report: {} },
      });
      await raisedBy("train", "--resume", "--out", join(folder, "run"));
    },
    "not-finite": async (folder) => fitWeights(await weightsOf(folder, -1), encoderSettings(tiny.encoder), true),
    "not-clustered": () => learnedHierarchy({ file: "step-00000004.safetensors", tensors: {} }),
    "too-large": () => writeZip([["data/0", { length: 2 ** 32 } as Uint8Array]]),
  },
  ProviderError: {
    absent: () => requireProvider("tpu", ["cpu", "webgpu"]),
    unsupported: () => onEngine((engine) => engine.load("step", sequence)),
    failed: () => onEngine((engine) => engine.load("step", new TextEncoder().encode("no model"))),
    "wrong-numbers": async () => {
      const settings = { provider: "cuda", precision: "fp32", crossCheck: true, capture: false } as const;
      const sessions = new DeviceSessions(giving(2), { ...settings, openCpu: () => giving(1), onChecked: () => {} });
      await sessions.load("step", nothing, {});
      await sessions.run("step", {}, ["z"]);
    },
    ended: async () => {
      const engine = await openEngine({ threads: 1 });
      await engine.close();
      await engine.names();
    },
    lost: () => {
      const requests = new Requests(() => {});
      const asked = requests.ask("names", null, () => {});
      requests.end("the GPU is lost (its driver was reset)", "lost");
      return asked;
    },
  },
  InterruptedError: {
    interrupted: async (folder) => {
      const placed = [{ image: 0, clusters: [0], cosine: 1 }];
      const filled = join(folder, "photos-by-likeness");
      const rest = { copy: true, folder: filled, progress: () => {}, signal: AbortSignal.abort() };
      await fillFolder({ source: await setOf(1), placed, counts: [1], ...rest });
    },
  },
  TrainingError: {
    "not-finite": async (folder) => {
      const metric = { step: 7, epoch: 0, loss: Number.NaN, gradientNorm: 1 } as StepMetric;
      throw await notFinite(await newRun(folder), metric, {
        "query/conv1.weight": { shape: [1], data: Float32Array.of(Number.NaN) },
      });
    },
    "runs-failed": async (folder) => {
      const fields = { epochs: 1, "method.clusters": [], "optimizer.learningRate": 1e30 };
      const sweep = { name: "rates", recipe: tinyRecipe, set: {}, runs: { "too fast": fields } };
      const path = await written(join(folder, "rates.json"), JSON.stringify(sweep));
      await raisedBy("sweep", path, "--data", "synthetic:count=64,size=16", "--out", join(folder, "out"));
    },
  },
};

/** Those whose words are ONNX Runtime's, or numbers that rounding changes. */
const varying: ReadonlySet<string> = new Set(["ProviderError failed", "TrainingError runs-failed"]);

/** An error as raised. */
export interface Raised {
  readonly name: ErrorName;
  readonly code: ErrorCode;
  readonly error: unknown;
  /** Its message's first line, without the folder's path; null where it varies. */
  readonly example: string | null;
}

/** Raises every error, each in a folder of its own below `root`. */
export async function raiseAll(root: string): Promise<readonly Raised[]> {
  const all: Raised[] = [];
  for (const [name, ofClass] of Object.entries(cases) as [ErrorName, Record<ErrorCode, Case>][])
    for (const [code, raise] of Object.entries(ofClass) as [ErrorCode, Case][]) {
      const folder = join(root, `${name}-${code}`);
      await mkdir(folder);
      const error = await Promise.resolve(folder)
        .then(raise)
        .then(
          () => null,
          (thrown: unknown) => thrown,
        );
      const message = error instanceof Error ? error.message.split("\n")[0] : "";
      const example = message
        .replaceAll(`${folder}/`, "")
        .replaceAll(folder, "photos")
        .replaceAll(`${process.cwd()}/`, "");
      all.push({ name, code, error, example: varying.has(`${name} ${code}`) ? null : example });
    }
  return all;
}
