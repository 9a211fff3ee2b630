import test from "ava";
import { GraphError } from "../../src/errors.js";
import { gradients } from "../../src/graph/gradients/index.js";
import * as g from "../../src/graph/index.js";
import { node } from "../../src/graph/value.js";
import { composed } from "./cases/composed.js";
import { elementwise } from "./cases/elementwise.js";
import { layout } from "./cases/layout.js";
import { normalization } from "./cases/normalization.js";
import { products } from "./cases/products.js";
import { reducing } from "./cases/reductions.js";
import { windows } from "./cases/windows.js";
import { declare, floats, gradientError, uniform } from "./gradientError.js";

const cases = [...elementwise, ...reducing, ...products, ...windows, ...normalization, ...layout, ...composed];

for (const { of, f, inputs } of cases)
  test.serial(`the gradient of ${of} agrees with central differences`, async (t) => {
    const error = await gradientError(f, inputs);
    t.true(error < 1e-3, `relative error ${error}`);
  });

const forDevices = (outputs: readonly g.Value[]) => {
  const expanded = g.expandComposites(outputs, g.forDevices);
  const graph = { name: "devices", inputs: [], outputs: Object.fromEntries(expanded.map((v, i) => [i, v])) };
  return Object.values(g.fewNodes(graph).outputs);
};
for (const { of, f, inputs } of [...windows, ...normalization])
  test.serial(`the gradient of ${of} agrees with central differences in the form for devices`, async (t) => {
    const error = await gradientError(f, inputs, forDevices);
    t.true(error < 1e-3, `relative error ${error}`);
  });

test("every op with a gradient rule is in a case, with a gradient through it", (t) => {
  const seen = new Set<string>();
  for (const { f, inputs } of cases) {
    const xs = declare(inputs);
    const made = f(...xs);
    const reached = new Set<g.Value>(xs.filter((_, i) => inputs[i].dtype === "float32"));
    for (const node of g.topological(Array.isArray(made) ? made : [made as g.Value]))
      if (node.inputs.some((v) => v && reached.has(v))) {
        seen.add(node.op);
        for (const v of node.outputs) reached.add(v);
      }
  }
  const missing = Object.entries(gradients).filter(([op, rule]) => typeof rule === "function" && !seen.has(op));
  t.deepEqual(
    missing.map(([op]) => op),
    [],
  );
});

test("gradientError sees a gradient that is wrong in one factor, in one sign and in one element", async (t) => {
  const x = uniform([4]);
  const wrong = (times: readonly number[]) => (v: g.Value) => {
    const y = g.mul(v, v);
    const off = g.mul(v, g.constant(times.map((k) => k - 1)));
    return g.add(y, g.sub(off, g.stopGradient(off))); // the value of x², the gradient of x² + (k − 1)x
  };
  t.true((await gradientError(wrong([1, 1, 1, 1]), [x])) < 1e-4);
  t.true((await gradientError(wrong([1, 1.1, 1, 1]), [x])) > 1e-2);
  t.true((await gradientError(wrong([-1, -1, -1, -1]), [x])) > 0.1);
});

for (const [op, make] of [
  ["Floor", (x: g.Value) => g.floor(x)],
  ["Sign", (x: g.Value) => g.sign(x)],
  ["Greater", (x: g.Value) => g.cast(g.greater(x, 0), "float32")],
  ["ArgMax", (x: g.Value) => g.cast(g.argMax(x), "float32")],
] as const)
  test(`differentiating through ${op} alone fails with its name and the reason`, (t) => {
    const x = g.input("x", [3]);
    const error = t.throws(() => g.differentiate(g.sum(make(x)), [x]));
    const rule = gradients[op] as { noGradient: string };
    t.regex(error.message, new RegExp(`no gradient reaches x: float32\\[3\\]: .*${op}: ${rule.noGradient}`));
  });

test("differentiating through any op without a rule fails with its name and why", (t) => {
  for (const [op, rule] of Object.entries(gradients)) {
    if (typeof rule === "function") continue;
    const x = g.input("x", [2]);
    const [y] = node(op, [x], {}, [{ dtype: "float32", shape: [2] }], "", "net").outputs;
    const reason = "noGradient" in rule ? rule.noGradient : rule.unsupported;
    const { message } = t.throws(() => g.differentiate(y, [x]), { instanceOf: GraphError }, op);
    t.true(message.includes(`net/${op}`) && message.includes(reason), message);
  }
});

test("an op that the gradient table does not have is named with its domain", (t) => {
  const x = g.input("x", [2]);
  const [y] = node("FusedConv", [x], {}, [{ dtype: "float32", shape: [2] }], "com.microsoft", "net").outputs;
  t.throws(() => g.differentiate(y, [x]), { message: /^net\/com\.microsoft\.FusedConv has no gradient rule/ });
});

test("a second derivative of a convolution is refused by name, not silently left out", (t) => {
  const [x, w] = [g.input("x", [1, 1, 3, 3]), g.input("w", [1, 1, 2, 2])];
  const [dw] = g.scope("net", () => g.differentiate(g.sum(g.pow(g.conv(x, w), 2)), [w]));
  const error = t.throws(() => g.differentiate(g.sum(dw), [w]), { instanceOf: GraphError });
  t.regex(error.message, /ConvGradWeight has no gradient rule: second derivatives/);
});

test("a stopped gradient is named with the parameter that it does not reach", (t) => {
  const x = g.input("x", [3]);
  const loss = g.scope("head", () => g.sum(g.exp(g.stopGradient(x))));
  t.throws(() => g.differentiate(loss, [x]), {
    message: "no gradient reaches x: float32[3]: head/Identity: the gradient is stopped there",
  });
  t.throws(() => g.differentiate(loss, [g.input("other", [2])]), {
    message: /other: float32\[2\]: the loss does not depend on it/,
  });
});

test("gradient nodes are named after the nodes they differentiate", (t) => {
  const x = g.input("x", [3]);
  const loss = g.scope("net", () => g.sum(g.exp(x)));
  const names = (y: g.Value) => g.topological(g.differentiate(y, [x])).map((n) => `${n.scope}/${n.op}`);
  t.true(names(loss).includes("gradient/net/Mul"));
  t.true(names(g.sum(g.exp(x))).includes("gradient/Mul"));
  t.false(names(g.sum(g.exp(x))).some((n) => n.includes("//")));
});

for (const [of, f, data, expected] of [
  ["the maximum of equals", (x: g.Value) => g.max(x), [1, 3, 3], [0, 0.5, 0.5]],
  ["the minimum of three equals", (x: g.Value) => g.min(x), [2, 2, 2], [1 / 3, 1 / 3, 1 / 3]],
  ["maximum(x, 1) at 1", (x: g.Value) => g.sum(g.maximum(x, 1)), [1, 2, 0], [0.5, 1, 0]],
  [
    "max pooling over equals",
    (x: g.Value) => g.sum(g.maxPool(g.reshape(x, [1, 1, 4]), [2], { strides: [2] })),
    [5, 5, 1, 2],
    [0.5, 0.5, 0, 1],
  ],
  [
    "global max pooling over equals",
    (x: g.Value) => g.sum(g.apply("GlobalMaxPool", [g.reshape(x, [1, 1, 4])])),
    [5, 5, 1, 5],
    [1 / 3, 1 / 3, 0, 1 / 3],
  ],
  ["|x| at 0", (x: g.Value) => g.sum(g.abs(x)), [0, 1], [0, 1]],
  ["relu at 0", (x: g.Value) => g.sum(g.relu(x)), [0, 1], [0, 1]],
  ["clip at its bounds", (x: g.Value) => g.sum(g.clip(x, -1, 1)), [-1, 1, 2], [1, 1, 0]],
  ["a norm at 0", (x: g.Value) => g.apply("ReduceL2", [x], { keepdims: 0 }), [0, 0], [0, 0]],
  ["√x at 4", (x: g.Value) => g.sum(g.sqrt(x)), [4], [0.25]],
  ["a product with one zero", (x: g.Value) => g.apply("ReduceProd", [x], { keepdims: 0 }), [2, 0, 3], [0, 6, 0]],
] as const)
  test(`the gradient of ${of} is [${expected.map((v) => v.toFixed(2))}]`, async (t) => {
    const { session, tensorOf } = await import("./gradientError.js");
    const x = g.input("x", [data.length]);
    const [gradient] = g.expandComposites(g.differentiate(f(x), [x]));
    const run = await session(g.buildModel({ name: "tie", inputs: [x], outputs: { gradient } }));
    const found = (await run({ x: tensorOf(floats(data)) })).gradient.data as Float32Array;
    t.deepEqual(
      [...found].map((v) => v.toFixed(5)),
      expected.map((v) => v.toFixed(5)),
    );
  });
