/** The hierarchy of prototypes, as a step's graph takes it. */
import { input } from "../graph/index.js";
import type { Level } from "../hcsc/index.js";
import { rulesOf } from "../variants.js";
import { feeds, state } from "./names.js";
import type { StepSettings } from "./stepSettings.js";

/** The hierarchy as graph inputs. */
export function hierarchyInputs(
  s: Pick<StepSettings, "clusters" | "batchSize" | "isPart"> & {
    readonly encoder: Pick<StepSettings["encoder"], "dimension">;
    readonly loss: Pick<StepSettings["loss"], "variant">;
  },
): readonly Level[] {
  const top = s.clusters.length - 1;
  const { positive, candidates } = rulesOf(s.loss.variant);
  const isAssigned = positive === "assigned";
  const asksBatch = s.isPart === true && candidates === "unassigned";
  return s.clusters.map((m, l) => ({
    prototypes: input(state.prototypes(l), [m, s.encoder.dimension]),
    temperature: input(state.temperature(l), [m]),
    count: input(state.count(l), []),
    parent: l < top ? input(state.parent(l), [m], "int32") : null,
    normalizer: l < top ? input(state.prototypeNormalizer(l), [m]) : null,
    assignment: isAssigned ? input(feeds.assignment(l), [s.batchSize], "int64") : null,
    maxAssignment: isAssigned ? input(feeds.maxAssignment(l), []) : null,
    taken: asksBatch ? input(feeds.taken(l), [1, m]) : null,
  }));
}
