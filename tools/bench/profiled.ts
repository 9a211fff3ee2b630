/** ONNX Runtime's own profile of what a session does. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { InferenceSession, Tensor } from "onnxruntime-node";
import type { DenseArray } from "../../src/array.js";
import type { Program } from "../../src/programs/index.js";

export interface ProfileEvent<Args> {
  readonly cat: string;
  readonly name: string;
  readonly ts: number;
  /** Microseconds. */
  readonly dur: number;
  readonly args: Args;
}

/**
 * The events of all that `use` does with a session of a model.
 *
 * @param options - of the session; ONNX Runtime warns of defaults, by which shapes are hidden, unless it is told to log errors alone
 */
export async function profiled<Args>(
  model: Uint8Array,
  options: InferenceSession.SessionOptions,
  use: (session: InferenceSession) => Promise<void>,
): Promise<readonly ProfileEvent<Args>[]> {
  const folder = mkdtempSync(join(tmpdir(), "hcsc-profile-"));
  const session = await InferenceSession.create(model, {
    ...options,
    logSeverityLevel: 3,
    enableProfiling: true,
    profileFilePrefix: join(folder, "run"),
  });
  await use(session);
  session.endProfiling();
  await session.release();
  const events = JSON.parse(readFileSync(join(folder, readdirSync(folder)[0]), "utf8"));
  rmSync(folder, { recursive: true });
  return events;
}

/** Everything that a program takes, as tensors. */
export const tensorsFor = (
  { inputs }: Program,
  values: Readonly<Record<string, DenseArray>>,
): Readonly<Record<string, Tensor>> =>
  Object.fromEntries(
    inputs.map(({ name, dtype }) => {
      const { shape, data } = values[name];
      return [name, new Tensor(dtype as "float32", data as Float32Array, shape)];
    }),
  );
