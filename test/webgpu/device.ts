/**
 * Tests that need WebGPU to run: for real where a driver is found (a GPU's, or a software one), else skipped with the reason in
 * their names. `HCSC_EXPECT_WEBGPU=1`, as in CI, turns its absence into failures.
 */
import test, { type ExecutionContext } from "ava";
import type { Engine } from "../../src/engine/index.js";
import { type EngineOptions, openEngine } from "../../src/runtime/index.js";

const absence = (): Promise<string | null> =>
  openEngine({ provider: "webgpu" }).then(
    async (engine) => {
      await engine.close();
      return null;
    },
    (error: Error) => error.message,
  );

const reason = process.env.HCSC_EXPECT_WEBGPU === "1" ? null : await absence();

/** Kernels stay compiled while an engine of the process is open: held over a file's tests, they compile each once. */
if (reason === null) {
  let held: Engine | null = null;
  test.before(async () => {
    held = await openEngine({ provider: "webgpu" });
  });
  test.after.always(() => held?.close());
}

/** A test on the device, one at a time unless it is run by `test`: where each has processes of its own. */
export const deviceTest = (
  title: string,
  body: (t: ExecutionContext) => Promise<void>,
  run: (title: string, body: (t: ExecutionContext) => Promise<void>) => void = test.serial,
): void => {
  if (reason === null) run(title, body);
  else test.skip(`${title} (WebGPU does not run here: ${reason})`, body);
};

/** An engine on the device that ends with the test. */
export async function deviceEngine(t: ExecutionContext, options: EngineOptions = {}) {
  const engine = await openEngine({ ...options, provider: "webgpu" });
  t.teardown(() => engine.close());
  return engine;
}
