/**
 * A step that `TrainingSession` runs. Its parameters and the state that it overwrites live in the session; the rest is fed and
 * comes back. Nothing here is Node's: the module of the training build is passed in, so a browser runs it as well.
 */
import type * as OrtTraining from "onnxruntime-training-common";
import { type DenseArray, elements } from "../array.js";
import { CheckpointError, ProviderError, said } from "../errors.js";
import type { Parameter, TrainingArtifacts, TrainingLayout } from "./artifacts.js";
import { encodeCheckpoint, type TrainingCheckpoint } from "./checkpoint.js";

/** The training build's module (`onnxruntime-training-web/training` in a browser). */
export type TrainingModule = Pick<typeof OrtTraining, "TrainingSession" | "InferenceSession" | "Tensor">;
export type State = Readonly<Record<string, DenseArray>>;

/** Turns what the runtime threw, which may be a number, into words. */
export type Explain = (thrown: unknown) => string;

/** The checkpoint of a layout from state by name. @throws CheckpointError naming a tensor that is missing or of another shape */
export function checkpointOf({ program, trainable, frozen }: TrainingLayout, state: State): TrainingCheckpoint {
  const pick = (parameters: readonly Parameter[]) =>
    new Map(
      parameters.map(({ name, shape }) => {
        const given = state[name];
        if (!given)
          throw new CheckpointError(
            "missing",
            said`program ${{ program }} trains ${{ tensor: name }} ${{ neededShape: shape }}, which the state lacks: write it first`,
          );
        if (given.shape.join() !== shape.join() || !(given.data instanceof Float32Array))
          throw new CheckpointError(
            "wrong-weights",
            said`${{ tensor: name }} is ${{ shape: given.shape }}, and program ${{ program }} trains it as float32 ${{ neededShape: shape }}: the artifacts and the checkpoint are of different recipes`,
          );
        return [name, { shape, data: given.data }] as const;
      }),
    );
  return { trainable: pick(trainable), frozen: pick(frozen) };
}

/** A training session of ONNX Runtime's own, on its WebAssembly build. */
export class TrainingRun {
  /** Trainable ones first, as the session has them. */
  private readonly parameters: readonly Parameter[];
  private readonly held: ReadonlySet<string>;

  private constructor(
    private readonly ort: TrainingModule,
    private readonly session: OrtTraining.TrainingSession,
    readonly layout: TrainingLayout,
    private readonly explain: Explain,
  ) {
    this.parameters = [...layout.trainable, ...layout.frozen];
    this.held = new Set(this.parameters.map((p) => p.name));
  }

  /** Starts from the state of a layout's parameters. */
  static async create(
    ort: TrainingModule,
    { layout, training, evaluation, optimizer }: TrainingArtifacts,
    state: State,
    explain: Explain = String,
  ): Promise<TrainingRun> {
    const checkpointState = encodeCheckpoint(checkpointOf(layout, state));
    const files = { checkpointState, trainModel: training, evalModel: evaluation, optimizerModel: optimizer };
    try {
      const session = await ort.TrainingSession.create(files, { logSeverityLevel: 3 });
      return new TrainingRun(ort, session, layout, explain);
    } catch (thrown) {
      throw new ProviderError(
        "failed",
        said`program ${{ program: layout.program }} cannot be loaded for training: ${explain(thrown)}`,
      );
    }
  }

  /**
   * One step and its update.
   *
   * @param given - every input of the layout, and more if it likes
   * @returns all visible outputs
   */
  async step(given: State): Promise<Record<string, DenseArray>> {
    // The runtime binds feeds by position and wants every output.
    const feeds = Object.fromEntries(
      this.layout.fed.map(({ name, dtype }) => {
        const { shape, data } = given[name];
        return [name, new this.ort.Tensor(dtype as "float32", data as Float32Array, shape)];
      }),
    );
    try {
      const out = await this.session.runTrainStep(feeds);
      await this.session.runOptimizerStep();
      return Object.fromEntries(
        this.layout.outputs.map((name) => [name, { shape: out[name].dims, data: out[name].data as Float32Array }]),
      );
    } catch (thrown) {
      throw new ProviderError(
        "failed",
        said`program ${{ program: this.layout.program }} failed in training: ${this.explain(thrown)}`,
      );
    }
  }

  /** Copies of the parameters and of the state that lives in the session. */
  async read(): Promise<Record<string, DenseArray<Float32Array>>> {
    const all = (await this.session.getContiguousParameters(false)).data as Float32Array;
    const tensors: Record<string, DenseArray<Float32Array>> = {};
    let from = 0;
    for (const { name, shape } of this.parameters) {
      const size = elements(shape);
      tensors[name] = { shape, data: all.slice(from, from + size) };
      from += size;
    }
    return tensors;
  }

  /** Replaces some of what `read` gives. */
  async write(state: State): Promise<void> {
    const before = await this.read();
    const { trainable, frozen } = checkpointOf(this.layout, { ...before, ...state });
    const whole = [...trainable.values(), ...frozen.values()].map((t) => t.data);
    const all = new Float32Array(whole.reduce((n, d) => n + d.length, 0));
    let at = 0;
    for (const data of whole) {
      all.set(data, at);
      at += data.length;
    }
    await this.session.loadParametersBuffer(new Uint8Array(all.buffer), false);
  }

  release(): Promise<void> {
    return this.session.release();
  }

  /** Whether a tensor lives in the session. */
  holds(name: string): boolean {
    return this.held.has(name);
  }
}
