/** Names of the training graphs' inputs and outputs: the contract between the graphs and the trainer. */

/** What the trainer feeds each step. */
export const feeds = {
  queryImages: "images/query",
  keyImages: "images/key",
  localImages: (view: number) => `images/local${view}`,
  /** Where row i of the batch lies in the shuffled key batch, int64 [B]. */
  unshuffle: "unshuffle",
  /** Keys that another program has made, [B, D], in the batch's order. */
  keys: "keys",
  /** Queue rows that this step's keys replace, int64 [B, 1]. */
  slots: "slots",
  /** Uniform draws [B, L, Q], or the name that their words' names begin with (`draws.ts`). */
  instanceDraws: "draws/instance",
  /** Likewise [B, M_l]; view 0 is the query, then the local views. */
  prototypeDraws: (view: number, level: number) => `draws/prototype/${view}/${level}`,
  /** The same draws where levels are stacked: [L, B, Q], and for each view [L, B, M], M the largest. */
  stackedInstanceDraws: "draws/stacked/instance",
  stackedPrototypeDraws: (view: number) => `draws/stacked/prototype/${view}`,
  /** Reference: the images' cluster ids, int64 [B], and the highest id of the data set. */
  assignment: (level: number) => `assignment/${level}`,
  maxAssignment: (level: number) => `maxAssignment/${level}`,
  /** Likewise, of a process that has a part of the batch: which clusters have an image of all of it, 0 or 1 [1, M_l]. */
  taken: (level: number) => `taken/${level}`,
  learningRate: "learningRate",
  momentum: "momentum",
  keyMomentum: "keyMomentum",
  /** Number of this update, from 1. */
  step: "step",
} as const;

/** What stays with the engine between steps. */
export const state = {
  query: (tensor: string) => `query/${tensor}`,
  key: (tensor: string) => `key/${tensor}`,
  optimizer: (slot: string, tensor: string) => `optimizer/${slot}/${tensor}`,
  /** Sum of gradients over the batches of one update. */
  gradient: (tensor: string) => `gradient/${tensor}`,
  /** [Q, D] */
  queue: "queue",
  /** ln Σ e^s of every queue key at every level, [Q, L]. */
  queueNormalizer: "queueNormalizer",
  prototypes: (level: number) => `prototypes/${level}`,
  temperature: (level: number) => `temperature/${level}`,
  count: (level: number) => `count/${level}`,
  parent: (level: number) => `parent/${level}`,
  prototypeNormalizer: (level: number) => `prototypeNormalizer/${level}`,
  /** On devices: all levels in one stack (`hierarchyStack.ts`). */
  stack: (part: string) => `stack/${part}`,
  /** Float16 only: what the loss is multiplied by, and the good updates since that changed. */
  lossScale: "lossScale",
  goodUpdates: "goodUpdates",
} as const;

/** The output that becomes a state tensor's next value. */
export const next = (name: string): string => `next/${name}`;

/** What comes out of a step beside the state. */
export const results = {
  loss: "loss",
  /** Each term of the loss, [n], in the order of `hcscLoss`. */
  terms: "terms",
  /** ‖gradient‖ over all parameters. */
  gradientNorm: "gradientNorm",
  /** ‖mean of the batch's query embeddings‖: 1 when all are the same. */
  meanEmbeddingNorm: "meanEmbeddingNorm",
  /** Share of queue keys kept as negatives, by level [L]. */
  instanceKept: "instanceKept",
  /** Share of candidate prototypes kept, by level [L]. */
  prototypeKept: "prototypeKept",
  /** Float16 only: the loss scale of this step. */
  scale: "scale",
  /** Where a step is asked for them. */
  gradient: (tensor: string) => `shown/gradient/${tensor}`,
  /** Embeddings of the batch [B, D]. */
  queryEmbedding: "embedding/query",
  keyEmbedding: "embedding/key",
} as const;

const first = (name: string): string => name.split("/")[0];
const perParameter: ReadonlySet<string> = new Set(
  [state.query(""), state.key(""), state.optimizer("", ""), state.gradient("")].map(first),
);

/** Whether a state tensor is a parameter of an encoder, or something of its shape. */
export const isStateOfParameter = (name: string): boolean => perParameter.has(first(name));

const perLevel: ReadonlySet<string> = new Set(
  [state.prototypes, state.temperature, state.count, state.parent, state.prototypeNormalizer].map((of) => first(of(0))),
);

/** Whether a state tensor is one of a level of the hierarchy. */
export const isStateOfLevel = (name: string): boolean => perLevel.has(first(name));

/** Whether a state tensor is a part of the levels' stack. */
export const isStateOfStack = (name: string): boolean => first(name) === first(state.stack(""));

/** Tensors of an encoder that no gradient moves: running statistics, and what a transformer keeps frozen. */
const isUntrained = (name: string): boolean =>
  /\.running_(mean|var)$|[/]pos_embed$|[/]patch_embed\.proj\.(weight|bias)$/.test(name);

/**
 * The vector that a state tensor is part of where a target holds the state as vectors: the parameters of an encoder, what is not
 * trained of both, what an optimizer keeps, gradients; null for a tensor of its own.
 */
export function vectorOf(name: string): string | null {
  if (!isStateOfParameter(name)) return null;
  const [kind, slot] = name.split("/");
  const owner = kind === first(state.optimizer("", "")) ? `${kind}/${slot}` : kind;
  if (!isUntrained(name)) return `flat/${owner}`;
  return kind === first(state.query("")) || kind === first(state.key("")) ? "flat/statistics" : null;
}

/** Whether gradients move a state tensor: the query encoder, but not its running statistics and what is frozen. */
export const isTrainable = (name: string): boolean => name.startsWith(state.query("")) && !isUntrained(name);

const fedFirst: ReadonlySet<string> = new Set(
  Object.values(feeds).map((name) => first(typeof name === "string" ? name : name(0, 0))),
);

/** Whether an input of a step is fed each time, not state. */
export const isFed = (name: string): boolean => fedFirst.has(first(name));
