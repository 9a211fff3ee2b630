import type { Worker } from "node:worker_threads";
import test from "ava";
import { listSupportedBackends } from "onnxruntime-node";
import { type DataArray, type Engine, providers } from "../../src/engine/index.js";
import { type HcscError, ProviderError, ShapeError, UsageError } from "../../src/errors.js";
import { add, buildModel, type DType, identity, input, matMul, mul, not, reshape, sum } from "../../src/graph/index.js";
import { chooseTarget, openEngine } from "../../src/runtime/index.js";

const scalar = (x: number): DataArray => ({ shape: [], data: Float32Array.of(x) });
const vector = (...x: number[]): DataArray => ({ shape: [x.length], data: Float32Array.from(x) });

/** w ← w + d, and Σw of the old w. */
function updateModel(size: number): Uint8Array {
  const w = input("w", [size]);
  const d = input("d", []);
  return buildModel({ name: "update", inputs: [w, d], outputs: { next: add(w, d), total: sum(w) } });
}

function productModel(size: number): Uint8Array {
  const x = input("x", [size, size]);
  return buildModel({ name: "product", inputs: [x], outputs: { y: sum(matMul(matMul(x, x), x)) } });
}

async function withEngine(use: (engine: Engine) => Promise<void>): Promise<void> {
  const engine = await openEngine();
  try {
    await use(engine);
  } finally {
    await engine.close();
  }
}

test("a program's declared inputs and outputs are reported", async (t) => {
  await withEngine(async (engine) => {
    const x = input("x", ["rows", 3]);
    const info = await engine.load("sum", buildModel({ name: "sum", inputs: [x], outputs: { y: sum(x, [1]) } }));
    t.deepEqual(info.inputs, [{ name: "x", dtype: "float32", shape: ["rows", 3] }]);
    t.deepEqual(info.outputs, [{ name: "y", dtype: "float32", shape: ["rows"] }]);
    t.true(info.seconds > 0);
    t.is(engine.provider, "cpu");
  });
});

test("state goes round between runs and is read only when asked for", async (t) => {
  await withEngine(async (engine) => {
    await engine.load("update", updateModel(2), { state: { w: "next" } });
    await engine.write({ w: vector(1, 2) });
    t.deepEqual(await engine.run("update", { d: scalar(10) }, ["total"]), { total: scalar(3) });
    t.deepEqual(await engine.run("update", { d: scalar(10) }, ["total", "next"]), {
      total: scalar(23),
      next: vector(21, 22),
    });
    t.deepEqual(await engine.read(), { w: vector(21, 22) });
    t.deepEqual(await engine.run("update", { d: scalar(1), w: vector(0, 0) }, []), {});
    t.deepEqual(await engine.read(["w"]), { w: vector(1, 1) });
  });
});

test("state is shared by programs, may be made by one that does not read it, and can be dropped", async (t) => {
  await withEngine(async (engine) => {
    await engine.load("update", updateModel(2), { state: { w: "next", total: "total", copy: "next" } });
    const total = input("total", []);
    await engine.load("double", buildModel({ name: "double", inputs: [total], outputs: { y: mul(total, 2) } }));
    await engine.write({ w: vector(1, 2) });
    await engine.run("update", { d: scalar(1) }, []);
    t.deepEqual(await engine.run("double", {}, ["y"]), { y: scalar(6) });
    await engine.run("update", { d: scalar(1) }, []);
    t.deepEqual(await engine.read(["w", "copy"]), { w: vector(3, 4), copy: vector(3, 4) });
    t.deepEqual([...(await engine.names())].sort(), ["copy", "total", "w"]);
    await engine.drop(["w"]);
    await t.throwsAsync(engine.read(["w"]), { instanceOf: UsageError, message: /no w to read. It has total, copy/ });
    await engine.drop();
    t.deepEqual(await engine.names(), []);
    await engine.unload("update");
    await t.throwsAsync(engine.run("update", {}, []), { instanceOf: UsageError, message: /no program update/ });
  });
});

test("requests made together are carried out in order, and feeds may be overwritten meanwhile", async (t) => {
  await withEngine(async (engine) => {
    await engine.load("update", updateModel(1), { state: { w: "next" } });
    const d = new Float32Array(new SharedArrayBuffer(4));
    const asked = [engine.write({ w: vector(0) })] as Promise<unknown>[];
    for (let i = 1; i <= 5; i++) {
      d[0] = i;
      asked.push(engine.run("update", { d: { shape: [], data: d } }, ["total"]));
    }
    t.deepEqual(
      (await Promise.all(asked)).slice(1),
      [0, 1, 3, 6, 10].map((x) => ({ total: scalar(x) })),
    );
  });
});

for (const [dtype, data] of [
  ["float32", Float32Array.of(1, -2)],
  ["float64", Float64Array.of(1, 2 ** -60)],
  ["int64", BigInt64Array.of(1n, -(2n ** 60n))],
  ["int32", Int32Array.of(1, -2)],
  ["uint8", Uint8Array.of(1, 200)],
  ["uint8", Buffer.from([1, 200])],
  ["bool", Uint8Array.of(1, 0)],
] as const) {
  const kind = data.constructor.name;
  test(`${dtype} as ${kind} goes through feeds, state and results`, async (t) => {
    await withEngine(async (engine) => {
      const x = input("x", ["n"], dtype as DType);
      const y = dtype === "bool" ? not(not(x)) : identity(x);
      await engine.load("echo", buildModel({ name: "echo", inputs: [x], outputs: { y } }), { state: { x: "y" } });
      const expected = dtype === "uint8" ? Uint8Array.from(data as Uint8Array) : data;
      t.deepEqual((await engine.run("echo", { x: { shape: [2], data } }, ["y"])).y.data, expected as Int32Array);
      await engine.write({ x: { shape: [2], data } });
      await engine.run("echo", {}, []);
      t.deepEqual((await engine.run("echo", {}, ["y"])).y, { shape: [2], data: expected as Int32Array });
      t.deepEqual((await engine.read()).x, { shape: [2], data: expected as Int32Array });
    });
  });
}

test("an empty tensor goes through", async (t) => {
  await withEngine(async (engine) => {
    const x = input("x", ["n", 3]);
    await engine.load("add", buildModel({ name: "add", inputs: [x], outputs: { y: add(x, 1) } }), {
      state: { s: "y" },
    });
    const empty = { shape: [0, 3], data: new Float32Array(0) };
    t.deepEqual((await engine.run("add", { x: empty }, ["y"])).y, empty);
    t.deepEqual((await engine.read()).s, empty);
  });
});

test("what does not fit is refused by program, tensor, expected and found", async (t) => {
  await withEngine(async (engine) => {
    await engine.load("update", updateModel(2), { state: { w: "next" } });
    const refused = async (
      run: Promise<unknown>,
      instanceOf: typeof ShapeError | typeof UsageError,
      message: RegExp,
    ) => {
      await t.throwsAsync(run, { instanceOf, message });
    };
    const d = scalar(1);
    await refused(engine.run("update", { d }, []), UsageError, /program update reads w \(float32\[2\]\)/);
    await refused(
      engine.run("update", { d, w: vector(1, 2, 3) }, []),
      ShapeError,
      /program update: w must be float32\[2\], and float32\[3\] was given/,
    );
    await refused(
      engine.run("update", { d, w: { shape: [2], data: Int32Array.of(1, 2) } }, []),
      ShapeError,
      /w must be float32\[2\], and int32\[2\]/,
    );
    await refused(engine.run("update", { d, v: d }, []), UsageError, /no input v. Its inputs are w, d/);
    await refused(engine.run("update", { d, w: vector(1, 2) }, ["loss"]), UsageError, /no output loss.* next, total/);
    await refused(engine.write({ w: { shape: [3], data: Float32Array.of(1, 2) } }), ShapeError, /w has shape \[3\]/);
    await refused(
      engine.write({ w: { shape: [1], data: Uint16Array.of(1) as unknown as Uint8Array } }),
      ShapeError,
      /w is Uint16Array/,
    );
    await refused(engine.load("update", updateModel(2)), UsageError, /update is loaded already/);
    await refused(
      engine.load("other", updateModel(2), { state: { w: "total" } }),
      ShapeError,
      /total is float32\[\] and cannot be the next value of w, float32\[2\]/,
    );
    await refused(
      engine.load("other", updateModel(2), { state: { w: "gone" } }),
      ShapeError,
      /from gone.* not an output/,
    );
    const { name, code, subject } = await t.throwsAsync<HcscError>(engine.run("update", { d, w: vector(1, 2, 3) }, []));
    t.deepEqual(
      { name, code, subject },
      {
        ...{ name: "ShapeError", code: "wrong-shape" },
        subject: { program: "update", tensor: "w", neededShape: [2], dtype: "float32", shape: [3] },
      },
      "codes and subjects cross the thread",
    );
    await engine.write({ w: vector(1, 2, 3) });
    await refused(engine.run("update", { d }, []), ShapeError, /from the state: w must be float32\[2\]/);
  });
});

test("a named dimension has one size in a run", async (t) => {
  await withEngine(async (engine) => {
    const a = input("a", ["batch"]);
    const b = input("b", ["batch"]);
    await engine.load("add", buildModel({ name: "add", inputs: [a, b], outputs: { y: add(a, b) } }));
    await t.throwsAsync(engine.run("add", { a: vector(1, 2), b: vector(1) }, ["y"]), {
      instanceOf: ShapeError,
      message: /b is float32\[1\], so batch is 1, but a has batch 2/,
    });
  });
});

test("what ONNX Runtime refuses comes back with the program's name, and the state stays as it was", async (t) => {
  await withEngine(async (engine) => {
    await t.throwsAsync(engine.load("noise", Uint8Array.of(1, 2, 3)), {
      instanceOf: ProviderError,
      message: /program noise cannot be loaded on cpu: .*protobuf/i,
    });
    const w = input("w", [4]);
    const shape = input("shape", [1], "int64");
    const model = buildModel({ name: "m", inputs: [w, shape], outputs: { next: add(w, 1), y: reshape(w, shape) } });
    await engine.load("reshape", model, { state: { w: "next" } });
    await engine.write({ w: vector(1, 2, 3, 4) });
    const feeds = { shape: { shape: [1], data: BigInt64Array.of(3n) } };
    await t.throwsAsync(engine.run("reshape", feeds, ["y"]), {
      instanceOf: ProviderError,
      message: /program reshape failed on cpu: .*Reshape/,
    });
    t.deepEqual(await engine.read(), { w: vector(1, 2, 3, 4) });
  });
});

test("a provider that is not there is refused by name, before ONNX Runtime sees it", async (t) => {
  for (const provider of ["CPU", "dml", "foo"]) {
    await t.throwsAsync(openEngine({ provider }), {
      instanceOf: ProviderError,
      message: new RegExp(`the provider ${provider} is not in this build.*Choose`),
    });
  }
  await t.throwsAsync(openEngine({ threads: 0 }), { instanceOf: UsageError });
});

test.serial("the event loop stays live during a run", async (t) => {
  await withEngine(async (engine) => {
    await engine.load("product", productModel(1800));
    let ticks = 0;
    const timer = setInterval(() => ticks++, 5);
    const began = performance.now();
    await engine.run("product", { x: { shape: [1800, 1800], data: new Float32Array(1800 * 1800) } }, ["y"]);
    const elapsed = performance.now() - began;
    clearInterval(timer);
    t.true(ticks > elapsed / 50, `${ticks} ticks of 5 ms in ${elapsed.toFixed()} ms`);
  });
});

test.serial("a thousand steps do not grow the memory", async (t) => {
  await withEngine(async (engine) => {
    const size = 250_000;
    const megabytes = () => process.memoryUsage.rss() / 2 ** 20;
    await engine.load("update", updateModel(size), { state: { w: "next" } });
    await engine.write({ w: { shape: [size], data: new Float32Array(size) } });
    const steps = async (count: number) => {
      for (let i = 0; i < count; i++) await engine.run("update", { d: scalar(1) }, ["total"]);
    };
    await steps(200);
    const before = megabytes();
    await steps(800);
    const grown = megabytes() - before;
    t.true(grown < 30, `${grown.toFixed()} MiB grown, the state is 1 MB a step`);
    t.is(Number((await engine.read()).w.data[0]), 1000);
  });
});

test("thirty engines in turn and three at once", async (t) => {
  const use = async () => {
    const engine = await openEngine();
    await engine.load("update", updateModel(1), { state: { w: "next" } });
    await engine.write({ w: vector(0) });
    for (let i = 0; i < 10; i++) await engine.run("update", { d: scalar(1) }, []);
    const { w } = await engine.read();
    await engine.close();
    return w.data[0];
  };
  for (let i = 0; i < 30; i++) t.is(await use(), 10);
  t.deepEqual(await Promise.all([use(), use(), use()]), [10, 10, 10]);
});

test("close finishes what was asked; afterwards every request is rejected", async (t) => {
  const engine = await openEngine();
  await engine.load("update", updateModel(1));
  const asked = engine.run("update", { d: scalar(1), w: vector(4) }, ["next"]);
  await Promise.all([engine.close(), engine.close()]);
  t.deepEqual(await asked, { next: vector(5) });
  await t.throwsAsync(engine.names(), { instanceOf: ProviderError, message: /closed/ });
  await engine.close();
});

test("an engine opened after another was closed has none of its programs, state or news", async (t) => {
  const first = await openEngine();
  await first.load("update", updateModel(1));
  await first.write({ w: vector(4) });
  const closing = first.close();
  // Takes the thread over before the first engine has answered.
  const second = await openEngine();
  await closing;
  t.deepEqual(await second.names(), []);
  const fed = { d: scalar(1), w: vector(4) };
  await t.throwsAsync(second.run("update", fed, ["next"]), { message: /no program update/ });
  await t.throwsAsync(first.names(), { message: /the engine is closed/ });
  await second.close();
});

test("when the thread ends by itself, requests are rejected instead of waiting for ever", async (t) => {
  const ended = { instanceOf: ProviderError, message: /thread ended with code/ };
  const engine = await openEngine();
  // Asked of a thread that is told to end: it takes no message from then on. (Not during a run, which would abort in the binding.)
  const ending = (engine as unknown as { thread: { worker: Worker } }).thread.worker.terminate();
  const names = t.throwsAsync(engine.names(), ended);
  await ending;
  await names;
  await t.throwsAsync(engine.names(), { instanceOf: ProviderError });
  await engine.close();
});

test("the target is portable, or blocked by a block the CPU has", async (t) => {
  await withEngine(async (engine) => {
    const target = await chooseTarget(engine);
    t.true(target.kind === "portable" || (target.kind === "blocked" && [8, 16].includes(target.block)));
    t.deepEqual(await chooseTarget(engine), target);
  });
});

test("a provider whose device is not there is refused when the engine is opened", async (t) => {
  const picks = Object.entries(providers).flatMap(([name, { picksDevice }]) => (picksDevice ? [name] : []));
  const [name] = picks.filter((name) => listSupportedBackends().some((b) => b.name === name));
  if (name === undefined) t.pass("no provider of this platform picks devices");
  else
    await t.throwsAsync(openEngine({ provider: `${name}:99` }), {
      instanceOf: ProviderError,
      message: new RegExp(`no session can be opened for its device 99 on ${name}`),
    });
});
