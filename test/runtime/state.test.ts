import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readdir, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import test, { type ExecutionContext } from "ava";
import type { DataArray } from "../../src/engine/index.js";
import { ProviderError } from "../../src/errors.js";
import { add, buildModel, input, mul, reshape, sum } from "../../src/graph/index.js";
import { openEngine } from "../../src/runtime/index.js";

const run = promisify(execFile);
const built = fileURLToPath(new URL("../../src/", import.meta.url));
const packages = join(built, "../../node_modules");
const scalar = (x: number): DataArray => ({ shape: [], data: Float32Array.of(x) });

async function folder(t: ExecutionContext): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), "hcsc-state-"));
  t.teardown(() => rm(made, { recursive: true, force: true }));
  return made;
}

/** w ← w + d. */
function updateModel(shape: readonly (number | string)[]): Uint8Array {
  const [w, d] = [input("w", shape), input("d", [])];
  return buildModel({ name: "update", inputs: [w, d], outputs: { next: add(w, d), total: sum(w) } });
}

test("programs take turns at a state that others write, whatever its size", async (t) => {
  const engine = await openEngine();
  t.teardown(() => engine.close());
  const w = input("w", ["n"]);
  await engine.load("update", updateModel(["n"]), { state: { w: "next" } });
  await engine.load("double", buildModel({ name: "double", inputs: [w], outputs: { twice: mul(w, 2) } }), {
    state: { w: "twice" },
  });
  let expected: number[] = [];
  for (const size of [3, 5, 1, 3]) {
    expected = Array.from({ length: size }, (_, i) => i);
    await engine.write({ w: { shape: [size], data: Float32Array.from(expected) } });
    for (let i = 0; i < 3; i++) {
      await engine.run("update", { d: scalar(i) }, []);
      await engine.run("double", {}, []);
      await engine.run("double", {}, []);
      expected = expected.map((x) => 4 * (x + i));
    }
    t.deepEqual([...(await engine.read()).w.data], expected);
  }
});

test("of a failed run only the state that it may have written over is lost", async (t) => {
  const engine = await openEngine();
  t.teardown(() => engine.close());
  const [w, v, shape] = [input("w", [4]), input("v", [4]), input("shape", [1], "int64")];
  const outputs = { nextW: add(w, 1), nextV: add(v, 1), y: reshape(add(w, 1), shape) };
  const model = buildModel({ name: "m", inputs: [w, v, shape], outputs });
  await engine.load("m", model, { state: { w: "nextW", v: "nextV" }, overwritten: ["w"] });
  const start = { shape: [4], data: Float32Array.of(1, 2, 3, 4) };
  await engine.write({ w: start, v: start });
  const fed = { shape: { shape: [1], data: BigInt64Array.of(3n) } };
  await t.throwsAsync(engine.run("m", fed, ["y"]), { instanceOf: ProviderError, message: /Reshape/ });
  t.deepEqual(await engine.read(), { v: start });
});

/** A process of its own that opens and closes engines, or runs steps, and tells its memory at each fifth of them. */
const steadyScript = (count: number, body: string): string => `
  import { openEngine } from ${JSON.stringify(`${built}runtime/index.js`)};
  const model = Buffer.from(process.argv[1], "base64");
  const d = { shape: [], data: Float32Array.of(1) };
  const w = { shape: [25000], data: new Float32Array(25000) };
  const sizes = [];
  const { before, each } = ${body};
  await before();
  for (let i = 1; i <= ${count}; i++) {
    await each();
    if (i % ${count / 5} === 0) { globalThis.gc(); sizes.push(process.memoryUsage.rss() / 2 ** 20); }
  }
  console.log(JSON.stringify(sizes));
  process.exit(0);`;

for (const [what, count, body] of [
  [
    "5,000 steps",
    5000,
    `(() => { let engine; return {
      async before() { engine = await openEngine(); await engine.write({ w }); await engine.load("update", model, { state: { w: "next" } }); },
      each: () => engine.run("update", { d }, ["total"]) }; })()`,
  ],
  [
    "1,000 engines, one after another,",
    1000,
    `({ before() {}, async each() {
      const engine = await openEngine();
      await engine.write({ w });
      await engine.load("update", model, { state: { w: "next" } });
      for (let i = 0; i < 2; i++) await engine.run("update", { d }, ["total"]);
      await engine.close(); } })`,
  ],
] as const)
  test(`${what} leave the memory as it was`, async (t) => {
    const model = Buffer.from(updateModel([25_000])).toString("base64");
    const script = ["--expose-gc", "--input-type=module", "-e", steadyScript(count, body), model];
    // In one arena of the C library: which threads find which free ones moves its memory by as much as the bound.
    const env = { ...process.env, MALLOC_ARENA_MAX: "1" };
    const { stdout } = await run(process.execPath, script, { env });
    const sizes = JSON.parse(stdout) as number[];
    // Heaps grow to their size first; then what waits to be collected comes and goes, and the least that is held does not.
    const grown = Math.min(sizes[3], sizes[4]) - Math.min(sizes[1], sizes[2]);
    t.true(grown < 10, `MiB at each fifth: ${sizes.map(Math.round)}`);
  });

test("no run leaves ONNX Runtime's telemetry in the user's folders", async (t) => {
  const home = await folder(t);
  const { ORT_DISABLE_TELEMETRY: _, ...environment } = process.env;
  const script = `
    import { openEngine } from ${JSON.stringify(`${built}runtime/index.js`)};
    import { InferenceSession } from "onnxruntime-node";
    const model = Buffer.from(process.argv[1], "base64");
    const engine = await openEngine();
    await engine.load("update", model);
    await engine.close();
    await InferenceSession.create(model);
    process.exit(0);`;
  const model = Buffer.from(updateModel([2])).toString("base64");
  await run(process.execPath, ["--input-type=module", "-e", script, model], {
    env: { ...environment, HOME: home, XDG_CACHE_HOME: join(home, "cache"), LOCALAPPDATA: home },
  });
  t.deepEqual(await readdir(home, { recursive: true }), []);
});

/** The product in a folder whose packages lack some. */
async function without(t: ExecutionContext, missing: RegExp): Promise<string> {
  const made = await folder(t);
  await cp(built, join(made, "build/src"), { recursive: true });
  await cp(join(packages, "../package.json"), join(made, "package.json"));
  for (const scope of ["", "@koromix"]) {
    await mkdir(join(made, "node_modules", scope), { recursive: true });
    for (const name of await readdir(join(packages, scope))) {
      if (name === "@koromix" || missing.test(name)) continue;
      const [from, to] = [packages, join(made, "node_modules")].map((p) => join(p, scope, name));
      if (name === "koffi") await cp(from, to, { recursive: true, filter: (file) => !/\.node$/.test(file) });
      else await symlink(from, to);
    }
  }
  return made;
}

for (const [what, missing] of [
  ["koffi", /^koffi/],
  ["koffi's binary", /^koffi-/],
] as const)
  test(`without ${what} steps run by onnxruntime-node's binding, and it says so; a GPU is refused`, async (t) => {
    const product = await without(t, missing);
    const script = `
      import { openEngine } from ${JSON.stringify(join(product, "build/src/runtime/index.js"))};
      const warnings = [];
      const engine = await openEngine({ onWarning: (message) => warnings.push(message) });
      await engine.load("update", Buffer.from(process.argv[1], "base64"), { state: { w: "next", copy: "next" }, overwritten: ["w"] });
      await engine.write({ w: { shape: [2], data: Float32Array.of(1, 2) } });
      const d = { shape: [], data: Float32Array.of(1) };
      const totals = [];
      for (let i = 0; i < 3; i++) totals.push((await engine.run("update", { d }, ["total"])).total.data[0]);
      const { w, copy } = await engine.read();
      await engine.close();
      const gpu = await openEngine({ provider: "webgpu" }).then(() => "runs", (error) => error.message);
      console.log(JSON.stringify({ warnings, totals, w: [...w.data], copy: [...copy.data], gpu }));
      process.exit(0);`;
    const model = Buffer.from(updateModel([2])).toString("base64");
    const { stdout } = await run(process.execPath, ["--input-type=module", "-e", script, model]);
    const { warnings, gpu, ...numbers } = JSON.parse(stdout);
    t.deepEqual(numbers, { totals: [3, 5, 7], w: [4, 5], copy: [4, 5] });
    t.is(warnings.length, 1);
    t.regex(warnings[0], /C API cannot be called: koffi.*onnxruntime-node's binding/s);
    t.regex(gpu, /provider webgpu needs it/);
  });
