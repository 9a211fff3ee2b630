import test from "ava";
import { type AttributeContent, encodeModel } from "../../src/onnx/index.js";
import { type CustomOp, CustomOps, Environment, openLibrary, Session } from "../../src/ort/index.js";

const environment = new Environment(await openLibrary());

const size = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);

/** y = scale·a + Σ shift (+ b), on the CPU's memory; `open` and `closed` count nodes. */
const counts = { open: 0, closed: 0 };
const scaled: CustomOp = {
  name: "Scaled",
  inputs: [{ optional: false }, { optional: true }],
  outputs: 2,
  attributes: { scale: "float", shift: "ints", fails: "int" },
  open({ scale, shift, fails }) {
    counts.open++;
    if (fails === 1) throw new Error("no such scale");
    return {
      run({ inputs: [a, b], stream, output }) {
        if (!a || stream !== null) throw new Error("unexpected call");
        if (fails === 2) throw new Error("not today");
        const view = (at: bigint) => new Float32Array(environment.library.view(at, 4 * size(a.shape)));
        const [x, y] = [view(a.address), view(output(0, a.shape))];
        const z = b && view(b.address);
        const more = (shift as readonly number[] | undefined)?.reduce((s, v) => s + v, 0) ?? 0;
        for (const i of x.keys()) y[i] = x[i] * (scale as number) + more + (z?.[i] ?? 0);
        new Float32Array(environment.library.view(output(1, [1]), 4))[0] = a.shape.length;
      },
      close: () => void counts.closed++,
    };
  },
};
const ops = new CustomOps(environment, "test.own", null, [scaled]);
test.after.always(() => {
  ops.close();
  environment.close();
});

function session(attributes: Record<string, AttributeContent>, inputs: readonly string[]): Session {
  const float = (name: string) => ({ name, dtype: "float32" as const, shape: [2, 3] });
  const model = encodeModel({
    name: "own",
    inputs: [float("a"), float("b")],
    outputs: [float("y"), { ...float("rank"), shape: [1] }],
    constants: [],
    nodes: [{ name: "n", op: "Scaled", domain: "test.own", inputs, outputs: ["y", "rank"], attributes }],
  });
  return new Session(environment, model, {
    optimization: "all",
    threads: 1,
    entries: {},
    provider: null,
    customOps: ops,
  });
}

function run(opened: Session): { y: number[]; rank: number } {
  const [y, rank] = [new Float32Array(6), new Float32Array(1)];
  const binding = opened.binding();
  binding.input("a", environment.over("float32", [2, 3], Float32Array.of(1, 2, 3, 4, 5, 6)));
  binding.input("b", environment.over("float32", [2, 3], Float32Array.of(10, 20, 30, 40, 50, 60)));
  binding.output("y", environment.over("float32", [2, 3], y));
  binding.output("rank", environment.over("float32", [1], rank));
  binding.run();
  binding.close();
  return { y: [...y], rank: rank[0] };
}

test.serial("a node of an op of our own reads its attributes, inputs and shapes, and writes its outputs", (t) => {
  const opened = session({ scale: { float: 0.5 }, shift: [1, 2] }, ["a", "b"]);
  t.is(counts.open, 1);
  for (let i = 0; i < 3; i++) t.deepEqual(run(opened), { y: [13.5, 24, 34.5, 45, 55.5, 66], rank: 2 });
  opened.close();
  t.is(counts.closed, 1);
});

test.serial("attributes and inputs that a node lacks are undefined and null", (t) => {
  const opened = session({ scale: { float: 2 } }, ["a"]);
  t.deepEqual(run(opened).y, [2, 4, 6, 8, 10, 12]);
  opened.close();
});

test.serial("what a kernel throws is the error of the load or of the run", (t) => {
  t.throws(() => session({ scale: { float: 2 }, fails: 1 }, ["a"]), { message: /no such scale/ });
  const opened = session({ scale: { float: 2 }, fails: 2 }, ["a"]);
  t.throws(() => run(opened), { message: /not today/ });
  opened.close();
});

test.serial("two sessions have the same ops at once", (t) => {
  const both = [1, 3].map((scale) => session({ scale: { float: scale } }, ["a"]));
  t.deepEqual(
    both.map((s) => run(s).y[1]),
    [2, 6],
  );
  for (const s of both) s.close();
});
