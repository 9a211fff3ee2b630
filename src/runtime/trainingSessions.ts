/**
 * The sessions of an engine on ONNX Runtime's training build (`onnxruntime-training-web`): a program that trains parameters
 * runs as a `TrainingSession`, from artifacts made of it when it is loaded; any other as an ordinary session of the same
 * build. State that a training session holds is read from it and written to it; the rest are arrays of this thread.
 */
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type * as OrtTraining from "onnxruntime-training-common";
import type { DataArray, Hosted, NamedArrays, ProgramInfo, ProgramOptions, Traffic } from "../engine/index.js";
import { requireFit, requireWhole } from "../engine/index.js";
import { ProviderError, said, UsageError } from "../errors.js";
import { decodeModel, type ModelContent } from "../onnx/index.js";
import { type Explain, type State, TrainingRun, trainingArtifacts, watchMemory } from "../ortTraining/index.js";

/** A program that runs. */
interface Runnable {
  readonly content: ModelContent;
  readonly state: Readonly<Record<string, string>>;
  readonly runs: TrainingRun | OrtTraining.InferenceSession;
}

/** The build, loaded beside the package's main file: its `./training` is closed to Node. */
function trainingBuild(threads: number): typeof OrtTraining {
  const require = createRequire(import.meta.url);
  const file = join(dirname(require.resolve("onnxruntime-training-web")), "ort.training.wasm.js");
  const ort = require(file) as typeof OrtTraining;
  ort.env.wasm.numThreads = threads;
  return ort;
}

export class TrainingSessions implements Hosted {
  private readonly programs = new Map<string, Runnable>();
  private readonly state = new Map<string, DataArray>();
  private readonly ort: typeof OrtTraining;
  private readonly explain: Explain;
  private readonly stopWatching: () => void;

  constructor(threads: number) {
    const { explain, stop } = watchMemory();
    this.ort = trainingBuild(threads);
    this.explain = explain;
    this.stopWatching = stop;
  }

  async load(program: string, model: Uint8Array, options: ProgramOptions): Promise<ProgramInfo> {
    if (this.programs.has(program))
      throw new UsageError("occupied", said`the program ${{ program }} is loaded already. Unload it first.`);
    const began = performance.now();
    const content = decodeModel(model);
    const { state = {}, trainable = [] } = options;
    const trains = trainable.length > 0 && content.outputs.some((v) => v.name === "loss");
    const runs = trains ? await this.train(content, state, trainable) : await this.infer(program, model);
    this.stopWatching();
    this.programs.set(program, { content, state, runs });
    return { inputs: content.inputs, outputs: content.outputs, seconds: (performance.now() - began) / 1000 };
  }

  async unload(name: string): Promise<void> {
    const { runs } = this.program(name);
    if (runs instanceof TrainingRun) for (const [n, v] of Object.entries(await runs.read())) this.state.set(n, v);
    this.programs.delete(name);
    await runs.release();
  }

  async write(state: NamedArrays): Promise<void> {
    for (const [name, array] of Object.entries(state)) {
      requireWhole("state", name, array);
      this.state.set(name, array);
    }
    for (const run of this.trainings()) {
      const held = Object.fromEntries(Object.entries(state).filter(([name]) => run.holds(name)));
      if (Object.keys(held).length > 0) await run.write(held as State);
    }
  }

  async read(names: readonly string[] | null): Promise<NamedArrays> {
    for (const run of this.trainings())
      if ((names ?? this.names()).some((name) => run.holds(name)))
        for (const [name, value] of Object.entries(await run.read())) this.state.set(name, value);
    const copy = (array: DataArray): DataArray => ({ shape: array.shape, data: array.data.slice() });
    return Object.fromEntries((names ?? this.names()).map((name) => [name, copy(this.required(name, "read"))]));
  }

  drop(names: readonly string[] | null): void {
    for (const name of names ?? this.names()) {
      this.required(name, "drop");
      this.state.delete(name);
    }
  }

  names(): readonly string[] {
    return [...this.state.keys()];
  }

  async run(name: string, feeds: NamedArrays, wanted: readonly string[]): Promise<NamedArrays> {
    const { content, state, runs } = this.program(name);
    for (const fed of Object.keys(feeds))
      if (!content.inputs.some((v) => v.name === fed))
        throw new UsageError("unknown-name", said`program ${{ program: name }} has no input ${{ tensor: fed }}.`);
    for (const output of wanted)
      if (!content.outputs.some((v) => v.name === output))
        throw new UsageError("unknown-name", said`program ${{ program: name }} has no output ${{ tensor: output }}.`);
    const inputs = this.inputsOf(name, content, runs, feeds);
    const out =
      runs instanceof TrainingRun ? await runs.step(inputs) : await this.inferred(name, runs, inputs, content);
    const next = runs instanceof TrainingRun ? runs.layout.state : state;
    for (const [tensor, output] of Object.entries(next)) this.state.set(tensor, out[output]);
    return Object.fromEntries(wanted.map((output) => [output, { ...out[output], data: out[output].data.slice() }]));
  }

  traffic(): Traffic {
    return { toDevice: 0, fromDevice: 0 };
  }

  async close(): Promise<void> {
    for (const { runs } of this.programs.values()) await runs.release();
    this.programs.clear();
  }

  private async train(
    content: ModelContent,
    state: Readonly<Record<string, string>>,
    trainable: readonly string[],
  ): Promise<TrainingRun> {
    const isTrainable = new Set(trainable);
    const artifacts = trainingArtifacts(content, state, (tensor) => isTrainable.has(tensor));
    return TrainingRun.create(this.ort, artifacts, Object.fromEntries(this.state) as State, this.explain);
  }

  private async infer(program: string, model: Uint8Array): Promise<OrtTraining.InferenceSession> {
    try {
      return await this.ort.InferenceSession.create(model, { logSeverityLevel: 3 });
    } catch (thrown) {
      throw new ProviderError(
        "failed",
        said`program ${{ program }} cannot be loaded on ort-training: ${this.explain(thrown)}`,
      );
    }
  }

  private async inferred(
    program: string,
    session: OrtTraining.InferenceSession,
    inputs: State,
    { inputs: declared }: ModelContent,
  ): Promise<Record<string, DataArray>> {
    const feeds = declared.map(({ name, dtype }) => {
      const { shape, data } = inputs[name];
      return [name, new this.ort.Tensor(dtype as "float32", data as Float32Array, shape)] as const;
    });
    try {
      const out = await session.run(Object.fromEntries(feeds));
      return Object.fromEntries(
        Object.entries(out).map(([name, t]) => [name, { shape: t.dims, data: t.data as Float32Array }]),
      );
    } catch (thrown) {
      throw new ProviderError("failed", said`program ${{ program }} failed on ort-training: ${this.explain(thrown)}`);
    }
  }

  /** What a program is fed: from the caller, else from the state. */
  private inputsOf(name: string, content: ModelContent, runs: Runnable["runs"], feeds: NamedArrays): State {
    const where = said`program ${{ program: name }}`;
    const sizes = new Map<string, { size: number; from: string }>();
    const needed = content.inputs.filter((v) => !(runs instanceof TrainingRun && runs.holds(v.name)));
    return Object.fromEntries(
      needed.map((expected) => {
        const array = feeds[expected.name] ?? this.state.get(expected.name);
        if (!array)
          throw new UsageError(
            "not-given",
            said`${where} reads ${{ tensor: expected.name }} (${expected.dtype}${{ neededShape: expected.shape }}), which is neither fed nor in the state. Feed it, or write it first.`,
          );
        const type = requireWhole(where, expected.name, array);
        requireFit(where, expected, type, array.shape, sizes);
        return [expected.name, array as State[string]];
      }),
    );
  }

  private trainings(): readonly TrainingRun[] {
    return [...this.programs.values()].flatMap(({ runs }) => (runs instanceof TrainingRun ? [runs] : []));
  }

  private required(name: string, verb: string): DataArray {
    const found = this.state.get(name);
    if (!found)
      throw new UsageError(
        "unknown-name",
        said`the state has no ${{ tensor: name }} to ${verb}. It has ${this.names().join(", ") || "nothing"}.`,
      );
    return found;
  }

  private program(name: string): Runnable {
    const found = this.programs.get(name);
    if (!found) throw new UsageError("unknown-name", said`no program ${{ program: name }} is loaded.`);
    return found;
  }
}
