/** `cluster-*`: k-means, hierarchies and temperatures by the clustering stage. */
import {
  composeAssignments,
  concentration,
  distancesTo,
  kmeans,
  lloyd,
  similarities,
  unitRows,
} from "../cluster/index.js";
import { nearestCentroidOn } from "../engine/index.js";
import { clusteringScores } from "../eval/index.js";
import { type Case, floats, longs, scalarOf, type Tensors } from "./case.js";

/** Plain k-means from given centroids. */
export async function replayLloyd(c: Case): Promise<Tensors> {
  const nearest = await nearestCentroidOn(c.engine);
  const found = await lloyd(c.float("points"), c.float("initial"), { iterations: c.number("iterations"), nearest });
  return {
    "out.objectives": floats(found.objectives),
    "out.centroids": found.centroids,
    "out.assignment": longs(found.assignment),
    "out.objective": scalarOf(found.objective),
  };
}

/** Temperatures of a hierarchy whose centroids are given: over the points clustered at each level, as the authors'. */
export async function replayTemperature(c: Case): Promise<Tensors> {
  const levels = c.list("prototypes");
  const out: Tensors = {};
  const owners: Int32Array[] = [];
  let points = c.float("features");
  for (const [l, count] of levels.entries()) {
    const centroids = c.float(`centroids_${l}`);
    const owner = c.ids(`assignment_${l}`);
    owners.push(owner);
    const prototypes = unitRows(centroids);
    const options = { temperature: c.number("temperature"), epsilon: c.number("epsilon", 10) };
    out[`out.prototypes_${l}`] = prototypes;
    out[`out.temperature_${l}`] = floats(concentration(distancesTo(points, centroids, owner), owner, count, options));
    out[`out.im2cluster_${l}`] = longs(composeAssignments(owners));
    if (l > 0) out[`out.logits_${l - 1}`] = similarities(points, prototypes);
    points = prototypes;
  }
  return out;
}

/** The objective that k-means reaches at each level, and the agreement of the composed ids with the true leaves. */
export async function replayQuality(c: Case): Promise<Tensors> {
  const nearest = await nearestCentroidOn(c.engine);
  const labels = c.ids("labels");
  const out: Tensors = {};
  const owners: Int32Array[] = [];
  let own = c.float("features");
  for (const [l, k] of c.list("prototypes").entries()) {
    const options = {
      iterations: c.number("iterations"),
      restarts: c.number("restarts"),
      seed: c.list("seeds")[l],
      nearest,
    };
    const given = l === 0 ? own : c.float(`points_${l}`);
    out[`out.objective_${l}`] = scalarOf((await kmeans(given, k, options)).objective);
    const chained = await kmeans(own, k, options);
    owners.push(chained.assignment);
    out[`out.ami_${l}`] = scalarOf(clusteringScores(labels, composeAssignments(owners)).ami);
    own = unitRows(chained.centroids);
  }
  return out;
}
