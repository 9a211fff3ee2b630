/** The objective of a linear classifier by an engine: loss and gradients as one graph, the features kept by the engine. */
import type { DenseArray } from "../array.js";
import type { LogisticObjective, Targets } from "../eval/index.js";
import { add, buildModel, differentiate, expandComposites, gemm, input, mul, sum } from "../graph/index.js";
import { type TargetKind, targetLosses } from "../nn/index.js";
import type { Engine } from "./engine.js";
import { loadedOnce } from "./loadedOnce.js";

/** What the graph is given of the targets. */
export const fedTargets = (targets: Targets): DenseArray =>
  targets.kind === "single"
    ? { shape: [targets.labels.length], data: BigInt64Array.from(targets.labels, BigInt) }
    : { shape: targets.shown.shape, data: Float32Array.from(targets.shown.data) };

function model(kind: TargetKind): Uint8Array {
  const features = input("logistic/features", ["images", "width"]);
  const targets =
    kind === "single"
      ? input("logistic/targets", ["images"], "int64")
      : input("logistic/targets", ["images", "classes"]);
  const [weight, bias, decay] = [input("weight", ["classes", "width"]), input("bias", ["classes"]), input("decay", [])];
  const scores = gemm(features, weight, bias, { transB: true });
  const loss = add(targetLosses[kind](scores, targets), mul(mul(decay, 0.5), sum(mul(weight, weight))));
  const [total, ofWeight, ofBias] = expandComposites([loss, ...differentiate(loss, [weight, bias])]);
  return buildModel({
    name: "logistic",
    inputs: [features, targets, weight, bias, decay],
    outputs: { loss: total, ofWeight, ofBias },
  });
}

/** `LogisticObjective` on `engine`, in float32. One at a time: making another replaces its features. */
export const logisticOn =
  (engine: Engine): LogisticObjective =>
  async ({ features, targets }, decay) => {
    const program = `logistic/${targets.kind}`;
    await loadedOnce(engine, program, () => model(targets.kind));
    await engine.write({ "logistic/features": features, "logistic/targets": fedTargets(targets) });
    const [{ classes }, width] = [targets, features.shape[1]];
    return async (x) => {
      const weight = { shape: [classes, width], data: Float32Array.from(x.subarray(0, classes * width)) };
      const bias = { shape: [classes], data: Float32Array.from(x.subarray(classes * width)) };
      const fed = { weight, bias, decay: { shape: [], data: Float32Array.of(decay) } };
      const { loss, ofWeight, ofBias } = await engine.run(program, fed, ["loss", "ofWeight", "ofBias"]);
      const gradient = new Float64Array(x.length);
      gradient.set(ofWeight.data as Float32Array);
      gradient.set(ofBias.data as Float32Array, classes * width);
      return { value: Number(loss.data[0]), gradient };
    };
  };
