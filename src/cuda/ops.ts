/**
 * What nodes of the domain `hcsc.cuda` do: for each op how many tensors it has, and the launches that compute it. Which graphs have such
 * nodes, what they mean and what they are in standard ops is `graph`'s (`src/graph/passes/cuda/`).
 */
import { elements } from "../array.js";
import { type FilledNative, type NativeOp, native, nativeAttributes, windowOf } from "../graph/index.js";
import type { CustomOp, Given, Handle, Kernel, KernelCall } from "../ort/index.js";
import type { Convolution, Convolutions, Prepared } from "./convolutions.js";
import type { Argument, Driver } from "./driver.js";
import { batchNorm, mostPieces, threads } from "./kernels/batchNorm.js";
import { elementwise } from "./kernels/elementwise.js";

/** By how many floats a kernel reads. */
const widths = [1, 4] as const;
const batchKernels = ["batchStatistics", "batchNormalize", "batchGradientSums", "batchGradient"] as const;
type BatchKernel = (typeof batchKernels)[number];
const perElement = ["reluGradient", "maxPoolShares", "maxPoolGradient"] as const;
type Name = `${BatchKernel}${(typeof widths)[number]}` | (typeof perElement)[number];

/** What kernels are made with. */
interface Tools {
  readonly driver: Driver;
  readonly convolutions: Convolutions;
  readonly functions: Readonly<Record<Name, Handle>>;
}

type Run = (call: KernelCall) => void;

/** How a node of an op runs; `own` keeps memory of the device until the node is closed. */
type Make<K extends NativeOp> = (attributes: FilledNative<K>, tools: Tools, own: (bytes: number) => Handle) => Run;

/** Blocks that keep a wide device busy, and elements of a thread that make it worth its start. */
const [manyBlocks, aThread] = [2112, 4];

/** How a channel of images [N,C,H,W] is cut into pieces, and what every kernel is told of that. */
function cut([images, channels, ...map]: readonly number[]) {
  const area = elements(map);
  const width = area % 4 === 0 ? 4 : 1;
  const [positions, total] = [area / width, (images * area) / width];
  const atLeast = Math.ceil(total / (threads * aThread));
  const reduced = Math.max(1, Math.min(mostPieces, atLeast, Math.floor(manyBlocks / channels)));
  const told = (pieces: number) => ({
    launch: { blocks: [channels, pieces] as const, threads },
    sizes: [channels, positions, total, Math.ceil(total / pieces)] as const,
  });
  return {
    channels,
    width: width as (typeof widths)[number],
    size: images * area,
    reduced: told(reduced),
    each: told(atLeast),
  };
}

/** Memory of the device for one set of sizes, made when it is first asked for. */
function forSizes<T>(make: (shape: readonly number[]) => T): (shape: readonly number[]) => T {
  let key = "";
  let made: T;
  return (shape) => {
    if (key !== String(shape)) {
      made = make(shape);
      key = String(shape);
    }
    return made;
  };
}

const partBytes = 12;
const none = 0n;
const present = (inputs: KernelCall["inputs"]) => inputs as readonly Given[];

interface Row<K extends NativeOp> {
  readonly outputs: number;
  readonly make: Make<K>;
}

/** What is ready for convolutions of one kind, made for each of their sizes when it first comes. */
function bySizes(attributes: FilledNative<"Convolve">, prepare: (sizes: Convolution) => Prepared) {
  const known = new Map<string, Prepared>();
  return (x: readonly number[], w: readonly number[], y: readonly number[]): Prepared => {
    const key = [x, w, y].join(";");
    const { strides, pads, dilations } = windowOf(attributes, w.slice(2));
    const around = { strides, dilations, pads: pads.slice(0, 2), groups: attributes.group };
    const prepared = known.get(key) ?? prepare({ x, w, y, ...around });
    known.set(key, prepared);
    return prepared;
  };
}

/** What the parts of a channel found, until the last of them adds it up; `tickets` counts them. */
const roomForParts = (own: (bytes: number) => Handle) =>
  forSizes(([, channels]) => ({ parts: own(partBytes * channels * mostPieces), tickets: own(4 * channels) }));

const rows: { readonly [K in NativeOp]: Row<K> } = {
  BatchStatistics: {
    outputs: 2,
    make(_, { driver, functions }, own) {
      const room = roomForParts(own);
      return ({ inputs, output, stream }) => {
        const [x] = present(inputs);
        const { channels, width, size, reduced } = cut(x.shape);
        const { parts, tickets } = room(x.shape);
        const found = [output(0, [channels]), output(1, [channels]), parts, tickets];
        const given = [x.address, ...found, ...reduced.sizes, { float: size }];
        driver.launch(functions[`batchStatistics${width}`], reduced.launch, given, stream);
      };
    },
  },
  BatchNormalize: {
    outputs: 1,
    make:
      ({ epsilon, rectified }, { driver, functions }) =>
      ({ inputs, output, stream }) => {
        const [x, scale, bias, mean, variance, other] = inputs as readonly [Given, Given, Given, Given, Given, Given?];
        const { width, each } = cut(x.shape);
        const tensors = [x, scale, bias, mean, variance].map((v) => v.address);
        const places = [other?.address ?? none, output(0, x.shape)];
        const given = [...tensors, ...places, ...each.sizes, { float: epsilon }, rectified];
        driver.launch(functions[`batchNormalize${width}`], each.launch, given, stream);
      },
  },
  BatchNormGrad: {
    outputs: 3,
    make({ epsilon }, { driver, functions }, own) {
      const room = roomForParts(own);
      return ({ inputs, output, stream }) => {
        const [dy, x, scale, mean, variance, bias] = inputs as readonly [Given, Given, Given, Given, Given, Given?];
        const { channels, width, size, reduced, each } = cut(x.shape);
        const { parts, tickets } = room(x.shape);
        const read = [dy, x, scale, mean, variance].map((v) => v.address);
        const summed = [...read, bias?.address ?? none, output(1, [channels]), output(2, [channels])];
        const told: readonly Argument[] = [{ float: epsilon }];
        const sums = [...summed, parts, tickets, ...reduced.sizes, ...told];
        driver.launch(functions[`batchGradientSums${width}`], reduced.launch, sums, stream);
        const last = [...summed, output(0, x.shape), ...each.sizes, ...told, { float: size }];
        driver.launch(functions[`batchGradient${width}`], each.launch, last, stream);
      };
    },
  },
  ReluGrad: {
    outputs: 1,
    make:
      (_, { driver, functions }) =>
      ({ inputs, output, stream }) => {
        const [dy, y] = present(inputs);
        const count = elements(y.shape);
        const blocks = Math.max(1, Math.min(manyBlocks, Math.ceil(count / (4 * threads))));
        const given = [dy.address, y.address, output(0, y.shape), count];
        driver.launch(functions.reluGradient, { blocks: [blocks, 1], threads }, given, stream);
      },
  },
  MaxPoolGrad: {
    outputs: 1,
    make(attributes, { driver, functions }, own) {
      const { kernel, strides, pads, dilations } = windowOf(attributes, attributes.kernel_shape);
      const room = forSizes((shape) => own(4 * elements(shape)));
      return ({ inputs, output, stream }) => {
        const [dy, x, y] = present(inputs);
        const along = (axis: 0 | 1) => [
          ...[x.shape[2 + axis], y.shape[2 + axis]],
          ...[kernel[axis], strides[axis], pads[axis], dilations[axis]],
        ];
        const windows = [...along(0), ...along(1)];
        const shares = room(y.shape);
        const each = (name: "maxPoolShares" | "maxPoolGradient", tensors: readonly Handle[], count: number) =>
          driver.launch(
            functions[name],
            { blocks: [Math.ceil(count / threads), 1], threads },
            [...tensors, count, ...windows],
            stream,
          );
        each("maxPoolShares", [dy.address, x.address, y.address, shares], elements(y.shape));
        each("maxPoolGradient", [shares, x.address, y.address, output(0, x.shape)], elements(x.shape));
      };
    },
  },
  ConvGradWeight: {
    outputs: 1,
    make(attributes, { convolutions }) {
      const { kernel, group } = attributes;
      const ready = bySizes(attributes, (sizes) => convolutions.prepare("filters", sizes));
      return ({ inputs, output, stream }) => {
        const [x, dy] = present(inputs);
        const w = [dy.shape[1], x.shape[1] / group, ...kernel];
        ready(x.shape, w, dy.shape).run(x.address, dy.address, output(0, w), stream);
      };
    },
  },
  Convolve: {
    outputs: 1,
    make(attributes, { convolutions }) {
      const ready = bySizes(attributes, (sizes) => convolutions.prepare("forward", sizes));
      return ({ inputs, output, stream }) => {
        const [x, w] = present(inputs);
        const [filters, , ...kernel] = w.shape;
        const { strides, pads, dilations } = windowOf(attributes, kernel);
        const map = kernel.map(
          (k, i) => Math.floor((x.shape[2 + i] + 2 * pads[i] - dilations[i] * (k - 1) - 1) / strides[i]) + 1,
        );
        const y = [x.shape[0], filters, ...map];
        ready(x.shape, w.shape, y).run(x.address, w.address, output(0, y), stream);
      };
    },
  },
};

/**
 * The ops, ready for sessions of a device.
 *
 * @throws ProviderError if the kernels do not compile
 */
export function customOps(driver: Driver, convolutions: Convolutions, device: number): readonly CustomOp[] {
  const names: readonly Name[] = [
    ...widths.flatMap((w) => batchKernels.map((k) => `${k}${w}` as const)),
    ...perElement,
  ];
  const tools: Tools = { driver, convolutions, functions: driver.functions(batchNorm + elementwise, names, device) };
  return Object.entries(native).map(([name, { inputs, attributes }]) => {
    const { outputs, make } = rows[name as NativeOp] as Row<never>;
    return {
      name,
      inputs: inputs.map(({ presence }) => ({ optional: presence === "optional" })),
      outputs,
      attributes: Object.fromEntries(
        Object.entries(attributes).map(([a, { kind }]) => [a, kind]),
      ) as CustomOp["attributes"],
      open(given): Kernel {
        const owned: Handle[] = [];
        const own = (bytes: number): Handle => {
          const address = driver.allocate(bytes);
          owned.push(address);
          return address;
        };
        return {
          run: make(nativeAttributes(name as NativeOp, given) as never, tools, own),
          close() {
            for (const address of owned) driver.free(address);
          },
        };
      },
    };
  });
}
