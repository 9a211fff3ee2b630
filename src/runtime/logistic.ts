/** The objective of a linear classifier by an engine: loss and gradients as one graph, the features kept by the engine. */
import type { LogisticObjective } from "../eval/index.js";
import {
  add,
  buildModel,
  crossEntropy,
  differentiate,
  expandComposites,
  gemm,
  input,
  mean,
  mul,
  sum,
} from "../graph/index.js";
import type { Engine } from "./engine.js";
import { loadedOnce } from "./loadedOnce.js";

const program = "logistic";

function model(): Uint8Array {
  const [features, labels] = [
    input("logistic/features", ["images", "width"]),
    input("logistic/labels", ["images"], "int64"),
  ];
  const [weight, bias, decay] = [input("weight", ["classes", "width"]), input("bias", ["classes"]), input("decay", [])];
  const logits = gemm(features, weight, bias, { transB: true });
  const loss = add(mean(crossEntropy(logits, labels)), mul(mul(decay, 0.5), sum(mul(weight, weight))));
  const [total, ofWeight, ofBias] = expandComposites([loss, ...differentiate(loss, [weight, bias])]);
  return buildModel({
    name: program,
    inputs: [features, labels, weight, bias, decay],
    outputs: { loss: total, ofWeight, ofBias },
  });
}

/** `LogisticObjective` on `engine`, in float32. One at a time: making another replaces its features. */
export const logisticOn =
  (engine: Engine): LogisticObjective =>
  async ({ features, labels }, classes, decay) => {
    await loadedOnce(engine, program, model);
    await engine.write({
      "logistic/features": features,
      "logistic/labels": { shape: [labels.length], data: BigInt64Array.from(labels, BigInt) },
    });
    const width = features.shape[1];
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
