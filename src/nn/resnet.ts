/**
 * Residual networks (He et al. 2016): the ImageNet family with torchvision's parameter names, and the CIFAR family of three
 * stages. Both take the ImageNet stem (7×7/2 and max-pool) or the small-image stem (3×3/1).
 */
import { add, globalAveragePool, maxPool, relu, reshape, type Value } from "../graph/index.js";
import type { Backbone } from "./backbone.js";
import { batchNorm } from "./batchNorm.js";
import { channels, convolution } from "./layers.js";
import type { Scope } from "./parameters.js";

type Block = (scope: Scope, x: Value, width: number, stride: number, inner: number) => Value;

const normalized = (scope: Scope, conv: string, norm: string, make: (s: Scope) => Value): Value => {
  const y = scope.at(conv, make);
  return scope.at(norm, (s) => batchNorm(s, y));
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
const bottleneck: Block = (scope, x, width, stride, inner) => {
  const strides = [stride, stride];
  const narrow = Math.round(inner * width);
  const first = relu(normalized(scope, "conv1", "bn1", (s) => convolution(s, x, narrow, 1)));
  const second = relu(normalized(scope, "conv2", "bn2", (s) => convolution(s, first, narrow, 3, { strides })));
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
  /** Times the width within a bottleneck; default 1. */
  readonly inner?: number;
}

/** A network with `factor` times the filters in every stage (Zagoruyko and Komodakis 2016). */
export const widened = (net: ResNet, factor: number): ResNet => ({
  ...net,
  widths: net.widths.map((w) => Math.max(1, Math.round(w * factor))),
});

/** The network as a backbone: its features are the last stage's, pooled. */
export function resnet(net: ResNet): Backbone {
  const featureWidth = net.widths[net.widths.length - 1] * (net.block === "bottleneck" ? 4 : 1);
  return {
    featureWidth,
    features(scope, x) {
      let y = stem(scope, x, net);
      for (const [stage, width] of net.widths.entries()) {
        y = scope.at(`layer${stage + 1}`, (layer) => {
          let z = y;
          for (let i = 0; i < net.blocks[stage]; i++)
            z = layer.at(`${i}`, (s) =>
              blockKinds[net.block](s, z, width, stage > 0 && i === 0 ? 2 : 1, net.inner ?? 1),
            );
          return z;
        });
      }
      return reshape(globalAveragePool(y), [typeof x.shape[0] === "number" ? x.shape[0] : -1, featureWidth]);
    },
  };
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
