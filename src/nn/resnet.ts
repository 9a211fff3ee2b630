/**
 * Residual networks (He et al. 2016): the ImageNet family with torchvision's parameter names, and the CIFAR family of three
 * stages. Both take the ImageNet stem (7×7/2 and max-pool) or the small-image stem (3×3/1).
 */
import { add, globalAveragePool, maxPool, relu, reshape, type Value } from "../graph/index.js";
import { channels, convolution, linear, unitRows } from "./layers.js";
import type { Scope } from "./parameters.js";

type Block = (scope: Scope, x: Value, width: number, stride: number) => Value;

const normalized = (scope: Scope, conv: string, norm: string, make: (s: Scope) => Value): Value => {
  const y = scope.at(conv, make);
  return scope.at(norm, (s) => s.batchNorm(y));
};

/** The shortcut: identity, or a 1×1 convolution and BatchNorm where stride or channels change. */
function shortcut(scope: Scope, x: Value, filters: number, stride: number): Value {
  if (stride === 1 && channels(x) === filters) return x;
  return scope.at("downsample", (d) =>
    normalized(d, "0", "1", (s) => convolution(s, x, filters, 1, { strides: [stride, stride] })),
  );
}

/** Two 3×3 convolutions (He et al. 2016, fig. 2). */
const basic: Block = (scope, x, width, stride) => {
  const strides = [stride, stride];
  const first = relu(normalized(scope, "conv1", "bn1", (s) => convolution(s, x, width, 3, { strides })));
  const second = normalized(scope, "conv2", "bn2", (s) => convolution(s, first, width, 3));
  return relu(add(second, shortcut(scope, x, width, stride)));
};

/** 1×1 down, 3×3, 1×1 up to four times the width (He et al. 2016, fig. 5), the stride on the 3×3 as in torchvision. */
const bottleneck: Block = (scope, x, width, stride) => {
  const strides = [stride, stride];
  const first = relu(normalized(scope, "conv1", "bn1", (s) => convolution(s, x, width, 1)));
  const second = relu(normalized(scope, "conv2", "bn2", (s) => convolution(s, first, width, 3, { strides })));
  const third = normalized(scope, "conv3", "bn3", (s) => convolution(s, second, 4 * width, 1));
  return relu(add(third, shortcut(scope, x, 4 * width, stride)));
};

const blockKinds = { basic, bottleneck } as const;

/** What makes a residual network. */
export interface ResNet {
  readonly block: keyof typeof blockKinds;
  /** Filters of each stage. */
  readonly widths: readonly number[];
  /** Blocks of each stage. */
  readonly blocks: readonly number[];
  readonly stem: "imagenet" | "small";
}

const imagenet = (block: ResNet["block"], blocks: readonly number[], stem: ResNet["stem"] = "imagenet"): ResNet => ({
  block,
  blocks,
  stem,
  widths: [64, 128, 256, 512],
});
const cifar = (count: number): ResNet => ({
  block: "basic",
  blocks: [count, count, count],
  stem: "small",
  widths: [16, 32, 64],
});

/** The backbones by name. Those named `-small` have the 3×3 stem, for images of about 64 px and less. */
export const backbones = {
  resnet8: cifar(1),
  resnet14: cifar(2),
  resnet20: cifar(3),
  resnet32: cifar(5),
  "resnet10-small": imagenet("basic", [1, 1, 1, 1], "small"),
  resnet18: imagenet("basic", [2, 2, 2, 2]),
  "resnet18-small": imagenet("basic", [2, 2, 2, 2], "small"),
  resnet34: imagenet("basic", [3, 4, 6, 3]),
  resnet50: imagenet("bottleneck", [3, 4, 6, 3]),
} as const satisfies Record<string, ResNet>;

export type Backbone = keyof typeof backbones;

/** A network with `factor` times the filters in every stage (Zagoruyko and Komodakis 2016). */
export const widened = (net: ResNet, factor: number): ResNet => ({
  ...net,
  widths: net.widths.map((w) => Math.max(1, Math.round(w * factor))),
});

/** The width of a backbone's features. */
export const featureWidth = (net: ResNet): number =>
  net.widths[net.widths.length - 1] * (net.block === "bottleneck" ? 4 : 1);

/**
 * Pooled features of the last stage.
 *
 * @param x - images [batch, channels, height, width]
 * @returns [batch, featureWidth]
 */
export function resnetFeatures(scope: Scope, x: Value, net: ResNet): Value {
  let y = stem(scope, x, net);
  for (const [stage, width] of net.widths.entries()) {
    y = scope.at(`layer${stage + 1}`, (layer) => {
      let z = y;
      for (let i = 0; i < net.blocks[stage]; i++)
        z = layer.at(`${i}`, (s) => blockKinds[net.block](s, z, width, stage > 0 && i === 0 ? 2 : 1));
      return z;
    });
  }
  return reshape(globalAveragePool(y), [typeof x.shape[0] === "number" ? x.shape[0] : -1, featureWidth(net)]);
}

function stem(scope: Scope, x: Value, net: ResNet): Value {
  const large = net.stem === "imagenet";
  const y = relu(
    normalized(scope, "conv1", "bn1", (s) =>
      convolution(s, x, net.widths[0], large ? 7 : 3, { strides: large ? [2, 2] : [1, 1] }),
    ),
  );
  return large ? maxPool(y, [3, 3], { strides: [2, 2], pads: [1, 1, 1, 1] }) : y;
}

/** HCSC's head: Linear, ReLU, Linear to `dimension`, rows of unit length. @param features - [batch, width] */
export function mlpHead(scope: Scope, features: Value, dimension: number): Value {
  return scope.at("fc", (fc) => {
    const hidden = relu(fc.at("0", (s) => linear(s, features, features.shape[1] as number)));
    return unitRows(fc.at("2", (s) => linear(s, hidden, dimension)));
  });
}
