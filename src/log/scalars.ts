/** The numbers of a run's metrics by name, as people plot them. */
import type { Scalar } from "./eventRecord.js";

/** Where a metric stands, which is no curve. */
const places: ReadonlySet<string> = new Set(["step"]);

/**
 * `step/loss`, `step/instanceKept/0`, `epoch/onlineKnn`, `epoch/clusterSizes/1/0`: a name for each finite number of a metric, those
 * of lists by their place.
 */
export function scalarsOf(metric: { readonly kind: string } & Readonly<Record<string, unknown>>): readonly Scalar[] {
  return Object.entries(metric).flatMap(([name, value]) =>
    places.has(name) ? [] : numbersIn(`${metric.kind}/${name}`, value),
  );
}

function numbersIn(name: string, value: unknown): readonly Scalar[] {
  if (typeof value === "number") return Number.isFinite(value) ? [[name, value]] : [];
  return Array.isArray(value) ? value.flatMap((inner, i) => numbersIn(`${name}/${i}`, inner)) : [];
}
