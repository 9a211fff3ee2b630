/**
 * A model's weights in fewer bytes. They are stored so and become float32 again inside the model, so that what the model computes is
 * what an encoder with the rounded weights computes, on every runtime.
 */
import type { DenseArray } from "../array.js";
import { CheckpointError, said } from "../errors.js";
import { elementTypes, type ModelContent, type NodeContent, type TensorContent } from "../onnx/index.js";

/** A tensor as it is stored, and the op that makes float32 of it. */
interface Stored {
  readonly constants: readonly TensorContent[];
  readonly op: Pick<NodeContent, "op" | "attributes">;
  /** What it is as float32. */
  readonly rounded: Float32Array;
}

type Store = (name: string, shape: readonly number[], data: Float32Array) => Stored;

/** The nearest float16, of two as near the even one, as bits. */
function halfBits(x: number): number {
  const size = Math.abs(x);
  const sign = x < 0 || Object.is(x, -0) ? 0x8000 : 0;
  if (size === 0) return sign;
  const exponent = Math.max(-14, Math.floor(Math.log2(size)));
  const unit = 2 ** (exponent - 10);
  const units = size / unit; // exact: a power of two
  const low = Math.floor(units);
  const isUp = units - low > 0.5 || (units - low === 0.5 && low % 2 === 1);
  const rounded = low + (isUp ? 1 : 0);
  // Below the normal numbers the exponent's bits are 0, and what rounds up to the next exponent carries into them.
  return sign + (rounded < 1024 ? rounded : ((exponent + 14) << 10) + rounded);
}

function halfValue(bits: number): number {
  const [exponent, fraction] = [(bits >> 10) & 31, bits & 1023];
  const size = exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15);
  return bits & 0x8000 ? -size : size;
}

const largestHalf = 65504;

const half: Store = (name, shape, data) => {
  const large = data.find((x) => Math.abs(x) > largestHalf);
  if (large !== undefined)
    throw new CheckpointError(
      "too-large",
      said`${{ tensor: name }} holds ${large}, and float16 no more than ${largestHalf}: give another format`,
    );
  const bits = Uint16Array.from(data, halfBits);
  return {
    constants: [{ name: `${name}/float16`, dtype: "float16", shape, data: bits }],
    op: { op: "Cast", attributes: { to: elementTypes.float32.code } },
    rounded: Float32Array.from(bits, halfValue),
  };
};

/** Whole numbers from −127 to 127 with a factor for each output: each filter, each row of a product. */
const eightBits: Store = (name, shape, data) => {
  const [outputs] = shape;
  const width = data.length / outputs;
  const numbers = new Int8Array(data.length);
  const rounded = new Float32Array(data.length);
  const scales = Float32Array.from({ length: outputs }, (_, row) => {
    const largest = data.subarray(row * width, (row + 1) * width).reduce((m, x) => Math.max(m, Math.abs(x)), 0);
    return largest === 0 ? 1 : largest / 127;
  });
  for (let i = 0; i < data.length; i++) {
    const scale = scales[Math.floor(i / width)];
    numbers[i] = Math.max(-127, Math.min(127, Math.round(data[i] / scale)));
    rounded[i] = Math.fround(numbers[i] * scale);
  }
  return {
    constants: [
      { name: `${name}/int8`, dtype: "int8", shape, data: numbers },
      { name: `${name}/scale`, dtype: "float32", shape: [outputs], data: scales },
    ],
    op: { op: "DequantizeLinear", attributes: { axis: 0 } },
    rounded,
  };
};

interface Form {
  /** What of an encoder is stored so. */
  readonly takes: (name: string, shape: readonly number[]) => boolean;
  readonly store: Store;
}

/** Forms by the names that transformers.js has for them. */
export const storedForms = {
  fp16: { takes: () => true, store: half },
  q8: { takes: (name, shape) => name.endsWith(".weight") && shape.length > 1, store: eightBits },
} as const satisfies Readonly<Record<string, Form>>;

export type StoredForm = keyof typeof storedForms;

/** An encoder's tensors as they are after having been stored in a form. */
export function asStored(
  weights: Readonly<Record<string, DenseArray>>,
  form: StoredForm,
): Readonly<Record<string, DenseArray>> {
  const { takes, store }: Form = storedForms[form];
  return Object.fromEntries(
    Object.entries(weights).map(([name, tensor]) => [
      name,
      takes(name, tensor.shape)
        ? { shape: tensor.shape, data: store(name, tensor.shape, tensor.data as Float32Array).rounded }
        : tensor,
    ]),
  );
}

/** A model with an encoder's tensors stored in a form. @param names - of the tensors, which are constants of the model */
export function withStored(model: ModelContent, names: ReadonlySet<string>, form: StoredForm): ModelContent {
  const { takes, store }: Form = storedForms[form];
  const isTaken = ({ name, shape, dtype }: TensorContent) =>
    names.has(name) && dtype === "float32" && takes(name, shape);
  const taken = model.constants.filter(isTaken).map(({ name, shape, data }) => ({
    name,
    ...store(name, shape, data as Float32Array),
  }));
  return {
    ...model,
    constants: [...model.constants.filter((c) => !isTaken(c)), ...taken.flatMap(({ constants }) => constants)],
    nodes: [
      ...taken.map(
        ({ name, constants, op }): NodeContent => ({
          name: `${name}/float32`,
          domain: "",
          inputs: constants.map((c) => c.name),
          outputs: [name],
          ...op,
        }),
      ),
      ...model.nodes,
    ],
  };
}
