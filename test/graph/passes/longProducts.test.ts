/** Products of few results and many terms as WebGPU is given them: in groups of terms, the same numbers. */
import test from "ava";
import {
  buildModel,
  constant,
  type Dimension,
  gemm,
  input,
  matMul,
  type Value,
  webGpuModel,
} from "../../../src/graph/index.js";
import { decodeModel } from "../../../src/onnx/index.js";
import { session, tensorOf, uniform } from "../gradientError.js";

interface Case<Size = Dimension> {
  readonly shapes: readonly (readonly Size[])[];
  readonly make: (x: readonly Value[]) => Value;
}

function modelOf({ shapes, make }: Case): Uint8Array {
  const inputs = shapes.map((shape, i) => input(`x${i}`, shape));
  return buildModel({ name: "product", inputs, outputs: { y: make(inputs) } });
}
const opsOf = (model: Uint8Array) => decodeModel(model).nodes.map(({ op }) => op);

const turned: Case["make"] = ([a, b]) => gemm(a, b, null, { transA: true });

const grouped: Readonly<Record<string, Case<number> & { readonly groups: number }>> = {
  "its left side turned, as gradients of weights are": {
    shapes: [
      [8704, 40],
      [8704, 12],
    ],
    make: ([a, b]) => gemm(a, b, null, { transA: true, alpha: 0.3 }),
    groups: 136,
  },
  "neither side turned": {
    shapes: [
      [5, 8192],
      [8192, 3],
    ],
    make: ([a, b]) => gemm(a, b),
    groups: 128,
  },
  "its right side turned, with as much to add": {
    shapes: [
      [3, 8192],
      [34, 8192],
      [3, 34],
    ],
    make: ([a, b, c]) => gemm(a, b, c, { transB: true, alpha: 5, beta: 0.5 }),
    groups: 128,
  },
  "both sides turned, of no whole vectors": {
    shapes: [
      [8505, 2],
      [5, 8505],
    ],
    make: ([a, b]) => gemm(a, b, null, { transA: true, transB: true }),
    groups: 105,
  },
  "one row by one column": {
    shapes: [
      [1, 8192],
      [8192, 1],
    ],
    make: ([a, b]) => matMul(a, b),
    groups: 128,
  },
  "of so many results that groups are larger": {
    shapes: [
      [8384, 130],
      [8384, 130],
    ],
    make: turned,
    groups: 16,
  },
  "of so many results that few groups are enough": {
    shapes: [
      [8192, 256],
      [8192, 512],
    ],
    make: turned,
    groups: 8,
  },
};

for (const [name, { groups, ...product }] of Object.entries(grouped))
  test(`a long product is summed in groups, ${name}: the same numbers`, async (t) => {
    const plain = modelOf(product);
    const made = webGpuModel(plain);
    t.deepEqual(
      opsOf(made).filter((op) => op === "Gemm" || op === "MatMul"),
      ["MatMul", "Gemm"],
    );
    t.true(decodeModel(made).constants.some(({ shape }) => String(shape) === `1,${groups}`));
    t.deepEqual(opsOf(webGpuModel(made)), opsOf(made));
    const given = Object.fromEntries(product.shapes.map((shape, i) => [`x${i}`, tensorOf(uniform(shape, i + 1, 3))]));
    const [expected, found] = await Promise.all(
      [plain, made].map(async (model) => (await (await session(model))(given)).y),
    );
    t.deepEqual(found.dims, expected.dims);
    const right = expected.data as Float32Array;
    const off = (found.data as Float32Array).map((y, i) => Math.abs(y - right[i]));
    const largest = (x: Float32Array) => x.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
    t.true(largest(off) <= 1e-5 * largest(right), `${largest(off)} of ${largest(right)}`);
  });

const kept: Readonly<Record<string, Case>> = {
  "of few terms": {
    shapes: [
      [4096, 40],
      [4096, 40],
    ],
    make: turned,
  },
  "of many tiles": {
    shapes: [
      [8192, 544],
      [8192, 512],
    ],
    make: turned,
  },
  "of terms that nothing divides": {
    shapes: [
      [8209, 3],
      [8209, 3],
    ],
    make: turned,
  },
  "with a row to add": {
    shapes: [[3, 8192], [8192, 34], [34]],
    make: ([a, b, c]) => gemm(a, b, c),
  },
  "by a constant": { shapes: [[8192, 3]], make: ([a]) => gemm(constant(new Float32Array(8192), [1, 8192]), a) },
  "of more axes": {
    shapes: [
      [2, 3, 8192],
      [2, 8192, 3],
    ],
    make: ([a, b]) => matMul(a, b),
  },
  "of terms not known yet": {
    shapes: [
      [3, "n"],
      ["n", 3],
    ],
    make: ([a, b]) => matMul(a, b),
  },
};

for (const [name, product] of Object.entries(kept))
  test(`a product ${name} stays as it is`, (t) => {
    const plain = modelOf(product);
    t.deepEqual(opsOf(webGpuModel(plain)), opsOf(plain));
  });
