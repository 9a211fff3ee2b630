/** How others name the tensors of a residual network: one table. Ours are torchvision's names. */
import { CheckpointError, said } from "../errors.js";
import type { StoredTensor } from "./storedTensor.js";

interface Layout {
  readonly name: string;
  /** Before the layers' names; of encoders that are alike the one to use comes first: the query's before the momentum encoder's. */
  readonly prefixes: readonly string[];
  /** Patterns and what stands in their place, one after another. */
  readonly rows: readonly (readonly [RegExp, string | ((...groups: string[]) => string)])[];
}

/** Wrappers that training puts around a model. */
const wrappers = /^(?:(?:module|model|_orig_mod)\.)+/;

const stageFrom =
  (first: number) =>
  (_: string, stage: string): string =>
    `layer${Number(stage) - first + 1}.`;

const layouts: readonly Layout[] = [
  {
    // torchvision, timm; MoCo, PCL and HCSC (encoder_q); MoCo v3 (base_encoder); solo-learn, lightly, MMSelfSup (backbone)
    name: "torchvision",
    prefixes: [
      "",
      "encoder_q.",
      "base_encoder.",
      "backbone.",
      "encoder.",
      "resnet.",
      "encoder_k.",
      "momentum_encoder.",
      "momentum_backbone.",
      "backbone_momentum.",
    ],
    rows: [],
  },
  {
    // torch.nn.Sequential(*list(resnet.children())[:-1]), as in lightly's examples
    name: "a sequence of torchvision's layers",
    prefixes: ["", "backbone.", "encoder.", "encoder_q.", "backbone_momentum."],
    rows: [
      [/^0\./, "conv1."],
      [/^1\./, "bn1."],
      [/^([4-7])\./, stageFrom(4)],
    ],
  },
  {
    // the same of lightly's own ResNet, whose ReLU and pool are no layers
    name: "lightly's ResNet",
    prefixes: ["", "backbone.", "backbone_momentum."],
    rows: [
      [/^0\./, "conv1."],
      [/^1\./, "bn1."],
      [/^([2-5])\./, stageFrom(2)],
      [/\.shortcut\./, ".downsample."],
    ],
  },
  {
    name: "Hugging Face",
    prefixes: ["", "resnet."],
    rows: [
      [/^embedder\.embedder\.convolution\./, "conv1."],
      [/^embedder\.embedder\.normalization\./, "bn1."],
      [/^encoder\.stages\.(\d+)\.layers\./, stageFrom(0)],
      [/\.layer\.(\d+)\.convolution\./, (_, i) => `.conv${Number(i) + 1}.`],
      [/\.layer\.(\d+)\.normalization\./, (_, i) => `.bn${Number(i) + 1}.`],
      [/\.shortcut\.convolution\./, ".downsample.0."],
      [/\.shortcut\.normalization\./, ".downsample.1."],
    ],
  },
];

const backboneName =
  /^(?:conv1|bn1|layer[1-4]\.\d+\.(?:conv[123]|bn[123]|downsample\.[01]))\.(?:weight|bias|running_mean|running_var)$/;
const headName = /^fc\.[02]\.(?:weight|bias)$/;
/** Of no use here: counters, queues, and heads of other kinds than ours. */
const dispensable =
  /\.num_batches_tracked$|^(?:queue\w*|fc|classifier|head|neck|linear|(?:projection_|prediction_|momentum_)?(?:head|projector|predictor|classifier))(?:\.|$)/;

/** A file's tensors by torchvision's names. */
export interface Renamed {
  /** Whose names, and what stood before them: `torchvision, encoder_q.`. */
  readonly layout: string;
  /** Name here → name in the file. */
  readonly origins: ReadonlyMap<string, string>;
  /** Names in the file that are not of this encoder, or of no use: the momentum encoder, queues, classifiers, counters. */
  readonly others: readonly string[];
  /** Names under the encoder's prefix that no residual network here has. */
  readonly unknown: readonly string[];
}

function named(tensors: ReadonlyMap<string, StoredTensor>, { name, rows }: Layout, prefix: string): Renamed {
  const origins = new Map<string, string>();
  const [others, unknown]: string[][] = [[], []];
  for (const original of tensors.keys()) {
    const bare = original.replace(wrappers, "");
    const inside = bare.startsWith(prefix);
    const ours = rows.reduce((n, [from, to]) => n.replace(from, to as string), bare.slice(prefix.length));
    if (inside && (backboneName.test(ours) || headName.test(ours)) && !origins.has(ours)) origins.set(ours, original);
    else (!inside || dispensable.test(bare.slice(prefix.length)) ? others : unknown).push(original);
  }
  return { layout: prefix ? `${name} under ${prefix}` : name, origins, others, unknown };
}

/**
 * Tells whose names a file has: those under which most of its tensors are a residual network's.
 *
 * @param where - the file, in errors
 * @throws CheckpointError if no name is known
 */
export function renamed(tensors: ReadonlyMap<string, StoredTensor>, where: string): Renamed {
  const all = layouts.flatMap((layout) => layout.prefixes.map((prefix) => named(tensors, layout, prefix)));
  const backbone = ({ origins }: Renamed) => [...origins.keys()].filter((name) => backboneName.test(name)).length;
  const best = all.reduce((a, b) => (backbone(b) > backbone(a) ? b : a));
  if (backbone(best) === 0)
    throw new CheckpointError(
      "wrong-weights",
      said`${{ file: where }} has no names of a residual network as torchvision, MoCo, PCL, HCSC, solo-learn, lightly, timm or Hugging Face have them; its first are ${[...tensors.keys()].slice(0, 4).join(", ")}`,
    );
  return best;
}
