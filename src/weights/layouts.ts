/**
 * How others name the tensors of residual networks and vision transformers: one table. Ours are torchvision's names of the first, and
 * timm's of the second.
 */
import { CheckpointError, said } from "../errors.js";
import type { StoredTensor } from "./storedTensor.js";

type Network = "residual" | "transformer";

interface Layout {
  readonly name: string;
  readonly network: Network;
  /** Before the layers' names; of encoders that are alike the one to use comes first: the query's before the momentum encoder's. */
  readonly prefixes: readonly string[];
  /** Patterns and what stands in their place, one after another; `name#1` is the second part of what is one tensor here. */
  readonly rows: readonly (readonly [RegExp, string | ((...groups: string[]) => string)])[];
}

/** Wrappers that training puts around a model. */
const wrappers = /^(?:(?:module|model|_orig_mod)\.)+/;

const stageFrom =
  (first: number) =>
  (_: string, stage: string): string =>
    `layer${Number(stage) - first + 1}.`;

/** Before the names of an encoder that training has wrapped. */
const wrapped = [
  "",
  "encoder_q.",
  "base_encoder.",
  "backbone.",
  "encoder.",
  "encoder_k.",
  "momentum_encoder.",
  "momentum_backbone.",
  "backbone_momentum.",
] as const;

/** Parts of the one product that makes queries, keys and values here. */
const parts: Readonly<Record<string, number>> = { query: 0, key: 1, value: 2 };

const layouts: readonly Layout[] = [
  {
    // torchvision, timm; MoCo, PCL and HCSC (encoder_q); MoCo v3 (base_encoder); solo-learn, lightly, MMSelfSup (backbone)
    name: "torchvision",
    network: "residual",
    prefixes: [...wrapped, "resnet."],
    rows: [],
  },
  {
    // torch.nn.Sequential(*list(resnet.children())[:-1]), as in lightly's examples
    name: "a sequence of torchvision's layers",
    network: "residual",
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
    network: "residual",
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
    network: "residual",
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
  {
    // timm; MoCo v3 (base_encoder), DINO (backbone), solo-learn
    name: "timm",
    network: "transformer",
    prefixes: wrapped,
    rows: [],
  },
  {
    name: "Hugging Face",
    network: "transformer",
    prefixes: ["", "vit."],
    rows: [
      [/^embeddings\.cls_token$/, "cls_token"],
      [/^embeddings\.position_embeddings$/, "pos_embed"],
      [/^embeddings\.patch_embeddings\.projection\./, "patch_embed.proj."],
      [/^encoder\.layer\.(\d+)\./, "blocks.$1."],
      [/\.attention\.attention\.(query|key|value)\.(\w+)$/, (_, part, kind) => `.attn.qkv.${kind}#${parts[part]}`],
      [/\.attention\.output\.dense\./, ".attn.proj."],
      [/\.layernorm_before\./, ".norm1."],
      [/\.layernorm_after\./, ".norm2."],
      [/\.intermediate\.dense\./, ".mlp.fc1."],
      [/\.output\.dense\./, ".mlp.fc2."],
      [/^layernorm\./, "norm."],
    ],
  },
  {
    name: "torchvision",
    network: "transformer",
    prefixes: ["", "encoder_q.", "backbone."],
    rows: [
      [/^class_token$/, "cls_token"],
      [/^encoder\.pos_embedding$/, "pos_embed"],
      [/^conv_proj\./, "patch_embed.proj."],
      [/^encoder\.layers\.encoder_layer_(\d+)\./, "blocks.$1."],
      [/\.ln_([12])\./, ".norm$1."],
      [/\.self_attention\.in_proj_/, ".attn.qkv."],
      [/\.self_attention\.out_proj\./, ".attn.proj."],
      [/\.mlp\.(?:0|linear_1)\./, ".mlp.fc1."],
      [/\.mlp\.(?:3|linear_2)\./, ".mlp.fc2."],
      [/^encoder\.ln\./, "norm."],
    ],
  },
];

const backboneNames: Readonly<Record<Network, RegExp>> = {
  residual:
    /^(?:conv1|bn1|layer[1-4]\.\d+\.(?:conv[123]|bn[123]|downsample\.[01]))\.(?:weight|bias|running_mean|running_var)$/,
  transformer:
    /^(?:cls_token|pos_embed|(?:patch_embed\.proj|blocks\.\d+\.(?:norm[12]|attn\.(?:qkv|proj)|mlp\.fc[12])|norm)\.(?:weight|bias))$/,
};
const headName = /^fc\.[0-4]\.(?:weight|bias|running_mean|running_var)$/;
/** Of no use here: counters, queues, and heads of other kinds than ours. */
const dispensable =
  /\.num_batches_tracked$|^(?:queue\w*|fc|classifier|heads?|neck|linear|pooler|embeddings\.mask_token|(?:projection_|prediction_|momentum_)?(?:head|projector|predictor|classifier))(?:\.|$)/;

/** A file's tensors by our names. */
export interface Renamed {
  /** Whose names, and what stood before them: `torchvision under encoder_q.`. */
  readonly layout: string;
  readonly network: Network;
  /** Name here → names in the file of the parts that it is made of, mostly one. */
  readonly origins: ReadonlyMap<string, readonly string[]>;
  /** Names in the file that are not of this encoder, or of no use: the momentum encoder, queues, classifiers, counters. */
  readonly others: readonly string[];
  /** Names under the encoder's prefix that no network here has. */
  readonly unknown: readonly string[];
}

function named(tensors: ReadonlyMap<string, StoredTensor>, { name, network, rows }: Layout, prefix: string): Renamed {
  const origins = new Map<string, string[]>();
  const [others, unknown]: string[][] = [[], []];
  for (const original of tensors.keys()) {
    const bare = original.replace(wrappers, "");
    const inside = bare.startsWith(prefix);
    const renamed = rows.reduce((n, [from, to]) => n.replace(from, to as string), bare.slice(prefix.length));
    const [ours, part = "0"] = renamed.split("#");
    const isOurs = inside && (backboneNames[network].test(ours) || headName.test(ours));
    const known = origins.get(ours) ?? [];
    if (isOurs && known[Number(part)] === undefined) {
      known[Number(part)] = original;
      origins.set(ours, known);
    } else (!inside || dispensable.test(bare.slice(prefix.length)) ? others : unknown).push(original);
  }
  return { layout: prefix ? `${name} under ${prefix}` : name, network, origins, others, unknown };
}

/**
 * Tells whose names a file has: those under which most of its tensors are a network's.
 *
 * @param where - the file, in errors
 * @throws CheckpointError if no name is known
 */
export function renamed(tensors: ReadonlyMap<string, StoredTensor>, where: string): Renamed {
  const all = layouts.flatMap((layout) => layout.prefixes.map((prefix) => named(tensors, layout, prefix)));
  const backbone = ({ origins, network }: Renamed) =>
    [...origins].flatMap(([name, parts]) => (backboneNames[network].test(name) ? parts : [])).length;
  const best = all.reduce((a, b) => (backbone(b) > backbone(a) ? b : a));
  if (backbone(best) === 0)
    throw new CheckpointError(
      "wrong-weights",
      said`${{ file: where }} has no names of a residual network or a vision transformer as torchvision, MoCo, PCL, HCSC, solo-learn, lightly, timm, DINO or Hugging Face have them; its first are ${[...tensors.keys()].slice(0, 4).join(", ")}`,
    );
  return best;
}
