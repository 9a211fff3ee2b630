/** What a browser and Node both do: emit a step's training artifacts, and train by them. Nothing here is Node's. */
import type { DenseArray } from "../../src/array.js";
import { decodeModel } from "../../src/onnx/index.js";
import { type TrainingModule, TrainingRun, trainingArtifacts } from "../../src/ortTraining/index.js";
import { compile, fusedStep, isTrainable, results, state } from "../../src/programs/index.js";
import { allFeeds, settings, startingState } from "../programs/smallStep.js";

/** The losses of some steps of the combined loss, on numbers that are the same everywhere. */
export async function trainSteps(ort: TrainingModule, steps: number): Promise<readonly number[]> {
  const program = compile(fusedStep(settings, "selective"), { kind: "training" });
  const artifacts = trainingArtifacts(decodeModel(program.model), program.state, isTrainable);
  const held: Record<string, DenseArray> = {
    ...startingState(settings),
    [state.queueNormalizer]: threes(settings.queue, settings.clusters.length),
    [state.prototypeNormalizer(0)]: threes(settings.clusters[0]),
  };
  const run = await TrainingRun.create(ort, artifacts, held);
  const losses: number[] = [];
  for (let i = 0; i < steps; i++) {
    const out = await run.step({ ...held, ...allFeeds(settings) });
    for (const [name, output] of Object.entries(run.layout.state)) held[name] = out[output];
    losses.push(Number(out[results.loss].data[0]));
  }
  await run.release();
  return losses;
}

const threes = (...shape: number[]): DenseArray => ({
  shape,
  data: new Float32Array(shape.reduce((p, d) => p * d, 1)).fill(3),
});
