/**
 * Tests that need WebGPU to run: for real where a driver is found (a GPU's, or a software one), else skipped with the reason in
 * their names. `HCSC_EXPECT_WEBGPU=1`, as in CI, turns its absence into failures.
 */
import test, { type ExecutionContext } from "ava";
import { buildModel, input, mul } from "../../src/graph/index.js";
import { type EngineOptions, openEngine } from "../../src/runtime/index.js";

async function absence(): Promise<string | null> {
  const engine = await openEngine({ provider: "webgpu" });
  try {
    const x = input("x", [1]);
    await engine.load("double", buildModel({ name: "double", inputs: [x], outputs: { y: mul(x, 2) } }));
    return null;
  } catch (error) {
    return (error as Error).message;
  } finally {
    await engine.close();
  }
}

const reason = process.env.HCSC_EXPECT_WEBGPU === "1" ? null : await absence();

/** A test on the device, one at a time. */
export const deviceTest = (title: string, body: (t: ExecutionContext) => Promise<void>): void => {
  if (reason === null) test.serial(title, body);
  else test.skip(`${title} (WebGPU does not run here: ${reason})`, body);
};

/** An engine on the device that ends with the test. */
export async function deviceEngine(t: ExecutionContext, options: EngineOptions = {}) {
  const engine = await openEngine({ ...options, provider: "webgpu" });
  t.teardown(() => engine.close());
  return engine;
}
