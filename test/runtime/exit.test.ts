import { spawn } from "node:child_process";
import test from "ava";

const src = new URL("../../src/", import.meta.url);

/** Runs a script with an engine and its program `product` (about half a second) in a process group of its own. */
async function runScript(body: string): Promise<{ code: number | null; signal: string | null; out: string }> {
  const script = `
    import { openEngine } from "${new URL("runtime/index.js", src)}";
    import { buildModel, input, matMul, sum } from "${new URL("graph/index.js", src)}";
    const x = input("x", [2000, 2000]);
    const y = sum([1, 2, 3].reduce((y) => matMul(y, x), x));
    const model = buildModel({ name: "product", inputs: [x], outputs: { y } });
    const engine = await openEngine();
    await engine.load("product", model);
    const run = () => engine.run("product", { x: { shape: [2000, 2000], data: new Float32Array(4e6) } }, ["y"]);
    ${body}`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], { detached: true });
  let out = "";
  child.stdout.on("data", (chunk) => {
    out += chunk;
  });
  child.stderr.on("data", (chunk) => {
    out += chunk;
  });
  return new Promise((resolve) => child.on("close", (code, signal) => resolve({ code, signal, out: out.trim() })));
}

for (const [what, body, code, out] of [
  ["that closes its engine ends by itself", `await run(); await engine.close(); console.log("done");`, 0, "done"],
  ["that forgets to close ends by itself", `await run(); console.log("done");`, 0, "done"],
  ["that does not wait for a run ends after it", `run().then(() => console.log("done"));`, 0, "done"],
  ["keeps its exit code when it exits during a run", `run(); setTimeout(() => process.exit(3), 100);`, 3, ""],
  [
    "decides what an interrupt means; the run goes on",
    `process.on("SIGINT", () => console.log("interrupt"));
     setTimeout(() => process.kill(0, "SIGINT"), 100);
     await run(); console.log("done"); await engine.close();`,
    0,
    "interrupt\ndone",
  ],
] as const) {
  test(`a process ${what}`, async (t) => {
    t.deepEqual(await runScript(body), { code, signal: null, out });
  });
}

test("an exception during a run ends the process with its message and code 1", async (t) => {
  const { code, signal, out } = await runScript(`run(); setTimeout(() => { throw new Error("boom"); }, 100);`);
  t.is(code, 1);
  t.is(signal, null);
  t.regex(out, /Error: boom/);
});

for (const [how, body, code] of [
  ["process.exit", "process.exit(3)", 3],
  ["terminate", "await worker.terminate(); process.exit(4)", 4],
  ["an interrupt", "process.kill(0, 'SIGINT')", null],
] as const)
  test(`three engines in the middle of runs, beside onnxruntime-node's binding: ${how} ends the process as it should`, async (t) => {
    const script = `
      const { InferenceSession } = await import("onnxruntime-node");
      const session = await InferenceSession.create(model);
      const { worker } = engine.thread;
      const others = [await openEngine(), await openEngine()];
      for (const other of others) {
        await other.load("product", model);
        other.run("product", { x: { shape: [2000, 2000], data: new Float32Array(4e6) } }, ["y"]).catch(() => {});
      }
      run().catch(() => {});
      setTimeout(async () => { ${body}; }, 50);`;
    for (let i = 0; i < 3; i++) {
      const ended = await runScript(script);
      t.deepEqual(ended, { code, signal: code === null ? "SIGINT" : null, out: "" });
    }
  });

test("an interrupt that nobody handles ends the process at once", async (t) => {
  const { signal } = await runScript(`setTimeout(() => process.kill(0, "SIGINT"), 100); await run();`);
  t.is(signal, "SIGINT");
});
