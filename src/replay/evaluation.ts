/** `eval-*`: nearest neighbours, clustering scores and average precision. */

import { similarityOn } from "../engine/index.js";
import { averagePrecisions, clusteringScores, knnClassify } from "../eval/index.js";
import { type Case, floats, longs, scalarOf, type Tensors } from "./case.js";

export async function replayKnn(c: Case): Promise<Tensors> {
  const mostSimilar = await similarityOn(c.engine);
  const found = await knnClassify(
    { features: c.float("trainFeatures"), labels: c.ids("trainLabels") },
    { features: c.float("testFeatures"), labels: c.ids("testLabels") },
    { k: c.list("k"), temperature: c.number("temperature"), mostSimilar },
  );
  return {
    "out.top1": floats(found.map((r) => r.top1)),
    "out.top5": floats(found.map((r) => r.top5)),
    ...Object.fromEntries(found.map((r) => [`out.prediction_k${r.k}`, longs(r.predictions)])),
  };
}

export async function replayClusteringScores(c: Case): Promise<Tensors> {
  const scored = c.list<string>("pairs").map((_, i) => clusteringScores(c.ids(`truth_${i}`), c.ids(`cluster_${i}`)));
  return Object.fromEntries(
    scored.flatMap((s, i) => Object.entries(s).map(([name, value]) => [`out.${name}_${i}`, scalarOf(value)])),
  );
}

export async function replayAveragePrecision(c: Case): Promise<Tensors> {
  const targets = { shape: c.tensor("targets").shape, data: c.ids("targets") };
  const { ap11, apAll, apStep, sampleAp } = averagePrecisions(c.float("scores"), targets);
  return {
    "out.ap11_class": floats(ap11.perClass),
    "out.apAll_class": floats(apAll.perClass),
    "out.apStep_class": floats(apStep.perClass),
    "out.map11": scalarOf(ap11.mean),
    "out.mapAll": scalarOf(apAll.mean),
    "out.mapStep": scalarOf(apStep.mean),
    "out.sampleAp": scalarOf(sampleAp),
  };
}
