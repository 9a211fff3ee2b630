/**
 * What the two variants of the method do differently: `paper`, its equations (Guo et al., CVPR 2022); `reference`, what the
 * authors' code computes. Whoever must know asks this table, not for a variant's name.
 */

interface Differences {
  /** c^l(z), an anchor's own prototype: the most similar to the query, or that of the cluster that holds the image. */
  readonly positive: "nearest" | "assigned";
  /** Prototypes that may be negatives: all but the own, or ids below the highest assigned that are no image's of the batch. */
  readonly candidates: "others" | "unassigned";
  /** A negative that selection drops leaves the sum, or stays in it as e⁰. */
  readonly dropped: "removed" | "zeroed";
  /** How a view's instance terms of the levels are joined. */
  readonly instanceTerms: "averaged" | "summed";
  /** Bounds that probabilities of selection are held within. */
  readonly clamp: Readonly<Record<"instance" | "prototype", readonly [number, number] | null>>;
  /** The least τ_c that instance selection takes. */
  readonly leastTemperature: number | null;
  /** τ_c of parents as prototype selection takes it: as it is, or scaled again to mean τ. */
  readonly parentTemperature: "own" | "rescaled";
  /** Whether the loss has a form for all levels at once (`hcsc/stacked.ts`). */
  readonly stacks: boolean;
  /**
   * What concentrations are taken over: all images under a prototype and the unit prototype, or the points that were clustered at
   * the level and the centroid as k-means left it.
   */
  readonly concentrationOf: "images" | "points";
  /** Whether clusters of few images leave the tree. */
  readonly dropsSmallClusters: boolean;
}

export const variants = {
  paper: {
    positive: "nearest",
    candidates: "others",
    dropped: "removed",
    instanceTerms: "averaged",
    clamp: { instance: null, prototype: null },
    leastTemperature: null,
    parentTemperature: "own",
    stacks: true,
    concentrationOf: "images",
    dropsSmallClusters: true,
  },
  reference: {
    positive: "assigned",
    candidates: "unassigned",
    dropped: "zeroed",
    instanceTerms: "summed",
    clamp: { instance: [0, 0.999], prototype: [0.0001, 0.999] },
    leastTemperature: 1e-3,
    parentTemperature: "rescaled",
    stacks: false,
    concentrationOf: "points",
    dropsSmallClusters: false,
  },
} as const satisfies Readonly<Record<string, Differences>>;

export type Variant = keyof typeof variants;

/** What a variant does. */
export const rulesOf = (variant: Variant): Differences => variants[variant];
