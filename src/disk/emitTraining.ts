/** Writing a recipe's artifacts of ONNX Runtime's on-device training to a folder. */
import { join } from "node:path";
import { decodeModel } from "../onnx/index.js";
import { checkpointOf, encodeCheckpoint, trainingArtifacts } from "../ortTraining/index.js";
import { compile, fusedStep, isTrainable, type Phase, stepSettings } from "../programs/index.js";
import type { Recipe } from "../recipe/index.js";
import { makeFolder, writeAtomically } from "../tensorfile/index.js";
import { initialState } from "../train/index.js";
import type { EmittedFile } from "./emitPrograms.js";

/**
 * Writes `training_model.onnx`, `eval_model.onnx`, `optimizer_model.onnx`, `checkpoint` (the state that the recipe's seed
 * starts from) and `layout.json` (what must be fed in which order, and what comes back): for the combined loss into `folder`
 * itself, for the warm-up into `folder/warmup`.
 */
export async function emitTraining(recipe: Recipe, folder: string): Promise<readonly EmittedFile[]> {
  const combined = recipe.method.clusters.length > 0;
  const places: readonly (readonly [Phase, string])[] = combined
    ? [
        ["selective", ""],
        ["warmup", "warmup"],
      ]
    : [["warmup", ""]];
  const emitted: EmittedFile[] = [];
  for (const [phase, place] of places) {
    await makeFolder(join(folder, place));
    for (const [name, bytes] of filesOf(recipe, phase)) {
      const file = join(place, name);
      await writeAtomically(join(folder, file), bytes);
      emitted.push({ file, bytes: bytes.length });
    }
  }
  return emitted;
}

function filesOf(recipe: Recipe, phase: Phase): readonly (readonly [string, Uint8Array])[] {
  const step = compile(fusedStep(stepSettings(recipe), phase), { kind: "training" });
  const { layout, ...models } = trainingArtifacts(decodeModel(step.model), step.state, isTrainable);
  return [
    ["training_model.onnx", models.training],
    ["eval_model.onnx", models.evaluation],
    ["optimizer_model.onnx", models.optimizer],
    ["checkpoint", encodeCheckpoint(checkpointOf(layout, initialState(recipe)))],
    ["layout.json", new TextEncoder().encode(`${JSON.stringify(layout, null, 1)}\n`)],
  ];
}
