/** Writing a recipe's portable graphs to a folder, with a manifest that says how to run them. */
import { join } from "node:path";
import {
  applyStep,
  compile,
  encoderModel,
  encoderSettings,
  gradientStep,
  initialEncoder,
  type Program,
  prepareProgram,
  stepPrograms,
  stepSettings,
} from "../programs/index.js";
import type { Recipe } from "../recipe/index.js";
import { makeFolder, writeAtomically } from "../tensorfile/index.js";

export interface EmittedFile {
  readonly file: string;
  readonly bytes: number;
}

const portable = { kind: "portable" } as const;

/**
 * Writes `encoder.onnx` (inference, with the weights that the recipe's seed starts from), the step of both phases
 * (`warmup-step.onnx`, `selective-step.onnx`), the same in two graphs (`…-gradient.onnx`, `apply.onnx`), `prepare.onnx` and `manifest.json`.
 */
export async function emitPrograms(recipe: Recipe, folder: string): Promise<readonly EmittedFile[]> {
  const s = stepSettings(recipe);
  const phases = recipe.method.clusters.length > 0 ? (["warmup", "selective"] as const) : (["warmup"] as const);
  const programs: (readonly [string, Program])[] = [
    ...phases.flatMap((phase) => [
      [`${phase}-step`, stepPrograms({ ...s, accumulation: 1 }, phase, portable)[0]] as const,
      [`${phase}-gradient`, compile(gradientStep(s, phase), portable)] as const,
    ]),
    ["apply", compile(applyStep(s), portable)],
    ...(phases.length > 1 ? [["prepare", prepareProgram(s, portable)] as const] : []),
  ];
  const weights = initialEncoder(encoderSettings(recipe.encoder), recipe.seed);
  const encoder = encoderModel(s.encoder, weights, null);
  const files: [string, Uint8Array][] = [
    ["encoder.onnx", encoder],
    ...programs.map(([name, p]): [string, Uint8Array] => [`${name}.onnx`, p.model]),
  ];
  const manifest = {
    recipe,
    programs: Object.fromEntries(
      programs.map(([name, p]) => [
        name,
        { file: `${name}.onnx`, inputs: p.inputs, outputs: p.outputs, state: p.state },
      ]),
    ),
  };
  files.push(["manifest.json", new TextEncoder().encode(`${JSON.stringify(manifest, null, 1)}\n`)]);
  await makeFolder(folder);
  for (const [name, bytes] of files) await writeAtomically(join(folder, name), bytes);
  return files.map(([file, bytes]) => ({ file, bytes: bytes.length }));
}
