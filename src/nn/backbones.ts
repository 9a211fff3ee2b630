/**
 * The backbones by name. A row makes a backbone for an encoder's settings; another family of networks is a file beside
 * `resnet.ts` and a row here.
 */
import type { Backbone, BackboneSettings } from "./backbone.js";
import { type ResNet, resnet, widened } from "./resnet.js";
import { vit } from "./vit.js";

type Row = (settings: BackboneSettings) => Backbone;

const residual =
  (net: ResNet): Row =>
  ({ width }) =>
    resnet(widened(net, width));

const imagenet = (block: ResNet["block"], blocks: readonly number[], more: Partial<ResNet> = {}): Row =>
  residual({ block, blocks, stem: "imagenet", widths: [64, 128, 256, 512], ...more });
const transformer =
  (heads: number, patch: number, headWidth = 64): Row =>
  (settings) =>
    vit({ heads, patch, depth: 12, headWidth }, settings);
const small = { stem: "small" } as const;
const cifar = (count: number): Row =>
  residual({ block: "basic", blocks: [count, count, count], ...small, widths: [16, 32, 64] });

/** Those named `-small` have the 3×3 stem, for images of about 64 px and less, for which patches of 4 are as well. */
export const backbones = {
  resnet8: cifar(1),
  resnet14: cifar(2),
  resnet20: cifar(3),
  resnet32: cifar(5),
  "resnet10-small": imagenet("basic", [1, 1, 1, 1], small),
  resnet18: imagenet("basic", [2, 2, 2, 2]),
  "resnet18-small": imagenet("basic", [2, 2, 2, 2], small),
  resnet34: imagenet("basic", [3, 4, 6, 3]),
  resnet50: imagenet("bottleneck", [3, 4, 6, 3]),
  resnet101: imagenet("bottleneck", [3, 4, 23, 3]),
  /** Zagoruyko and Komodakis 2016; torchvision's `wide_resnet50_2`. */
  "wide-resnet50": imagenet("bottleneck", [3, 4, 6, 3], { inner: 2 }),
  "vit-tiny-patch4": transformer(3, 4),
  "vit-tiny-patch16": transformer(3, 16),
  "vit-small-patch4": transformer(6, 4),
  "vit-small-patch8": transformer(6, 8),
  "vit-small-patch16": transformer(6, 16),
  /** MoCo v3's, with twice the heads of others. */
  "vit-small-patch16-heads12": transformer(12, 16, 32),
  "vit-base-patch8": transformer(12, 8),
  "vit-base-patch16": transformer(12, 16),
  "vit-base-patch32": transformer(12, 32),
} as const satisfies Readonly<Record<string, Row>>;

/** Names of the backbones. */
export type BackboneName = keyof typeof backbones;
