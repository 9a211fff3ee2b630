import test from "ava";
import { ProviderError, ShapeError } from "../../src/errors.js";
import { add, buildModel, input, reshape, sum } from "../../src/graph/index.js";
import { bundledLibrary, Environment, openLibrary, Session, type SessionSettings } from "../../src/ort/index.js";

const onCpu: SessionSettings = { optimization: "all", threads: 1, entries: {}, provider: null };

/** y = x + b over rows, and their sums. */
function model(): Uint8Array {
  const [x, b] = [input("x", ["rows", 3]), input("b", [3])];
  return buildModel({ name: "m", inputs: [x, b], outputs: { y: add(x, b), total: sum(x) } });
}

let environment: Environment;
test.before(async () => {
  environment = new Environment(await openLibrary());
});
test.after.always(() => environment.close());

const vector = (...x: number[]) => environment.over("float32", [x.length], Float32Array.from(x));

test("the library is onnxruntime-node's own, and has its version", (t) => {
  t.is(environment.library.file, bundledLibrary());
  t.regex(environment.library.version, /^1\.\d+\.\d+$/);
});

test("a library that is not there is an error that names it", async (t) => {
  await t.throwsAsync(openLibrary("/nowhere/libonnxruntime.so.1"), {
    instanceOf: ProviderError,
    message: /there is no \/nowhere\/libonnxruntime/,
  });
});

test("a file that is no ONNX Runtime is an error that says so", async (t) => {
  await t.throwsAsync(openLibrary(process.execPath), { instanceOf: ProviderError, message: /cannot be used/ });
});

test("inputs and outputs are described, with the names of sizes", (t) => {
  const session = new Session(environment, model(), onCpu);
  t.deepEqual(session.inputs, [
    { name: "x", dtype: "float32", shape: ["rows", 3] },
    { name: "b", dtype: "float32", shape: [3] },
  ]);
  t.deepEqual(session.outputs, [
    { name: "y", dtype: "float32", shape: ["rows", 3] },
    { name: "total", dtype: "float32", shape: [] },
  ]);
  t.deepEqual(
    session.outputMemory().map((m) => m.name),
    ["Cpu", "Cpu"],
  );
  session.close();
});

test("what is bound is read and written where it is, shared memory too; what is not is made", (t) => {
  const session = new Session(environment, model(), onCpu);
  const shared = new Float32Array(new SharedArrayBuffer(24));
  const total = new Float32Array(1);
  const binding = session.binding();
  binding.input("x", environment.over("float32", [2, 3], shared));
  binding.input("b", vector(10, 20, 30));
  binding.output("total", environment.over("float32", [], total));
  for (const scale of [1, 2]) {
    shared.set([1, 2, 3, 4, 5, 6].map((x) => x * scale));
    binding.outputIn("y", environment.host);
    binding.run();
    const made = binding.made();
    t.deepEqual([...made.keys()], ["y"]);
    const y = made.get("y");
    if (!y) return t.fail();
    const copy = new Float32Array(6);
    environment.copy([[y, environment.over("float32", [2, 3], copy)]]);
    environment.free(y);
    t.deepEqual(y.shape, [2, 3]);
    t.deepEqual(
      [...copy],
      [10, 20, 30, 10, 20, 30].map((b, i) => b + (i + 1) * scale),
    );
    t.is(total[0], 21 * scale);
  }
  binding.close();
  session.close();
});

test("an array of another size than its tensor is refused", (t) => {
  t.throws(() => environment.over("float32", [4], new Float32Array(3)), {
    instanceOf: ShapeError,
    message: /float32\[4\] takes 16 bytes, and the array has 12/,
  });
});

for (const [what, wrong, message] of [
  ["a model that is none", () => new Session(environment, Uint8Array.of(1, 2, 3), onCpu), /protobuf/i],
  [
    "a provider that is not built in",
    () => new Session(environment, model(), { ...onCpu, provider: { name: "Nope", options: {} } }),
    /Nope|not supported|Unknown provider/i,
  ],
  [
    "CUDA without its library",
    () => new Session(environment, model(), { ...onCpu, provider: { name: "CUDA", options: { use_tf32: "0" } } }),
    /CUDA|shared library|providers/i,
  ],
  [
    "an option that CUDA does not know",
    () => new Session(environment, model(), { ...onCpu, provider: { name: "CUDA", options: { nope: "1" } } }),
    /nope|providers_shared/,
  ],
  ["a provider's library that is not there", () => environment.register("gone", "gone.so"), /gone\.so/],
  ["an unknown input", () => new Session(environment, model(), onCpu).binding().input("q", vector(1)), /q/],
  [
    "an input of another shape",
    () => {
      const binding = new Session(environment, model(), onCpu).binding();
      binding.input("x", vector(1, 2, 3));
      binding.input("b", vector(1, 2, 3));
      binding.outputIn("y", environment.host);
      binding.run();
    },
    /rank/i,
  ],
  [
    "an input that is missing",
    () => {
      const binding = new Session(environment, model(), onCpu).binding();
      binding.outputIn("total", environment.host);
      binding.run();
    },
    /x|input/i,
  ],
  [
    "an output's place of another shape",
    () => {
      const binding = new Session(environment, model(), onCpu).binding();
      binding.input("x", environment.over("float32", [1, 3], new Float32Array(3)));
      binding.output("total", vector(1, 2));
      binding.run();
    },
    /shape|dimension|rank/i,
  ],
  [
    "a run that fails on its numbers",
    () => {
      const [w, shape] = [input("w", [4]), input("shape", [1], "int64")];
      const reshaping = buildModel({ name: "r", inputs: [w, shape], outputs: { y: reshape(w, shape) } });
      const binding = new Session(environment, reshaping, onCpu).binding();
      binding.input("w", vector(1, 2, 3, 4));
      binding.input("shape", environment.over("int64", [1], BigInt64Array.of(3n)));
      binding.outputIn("y", environment.host);
      binding.run();
    },
    /Reshape/,
  ],
] as const) {
  test(`${what} is an error with ONNX Runtime's words`, (t) => {
    t.throws(wrong as () => void, { instanceOf: ProviderError, message });
  });
}
