/** Slices that go backwards. */
import { apply } from "../../apply.js";
import { fromFront, isSize } from "../../shapes.js";
import { ints, known, type Value } from "../../value.js";
import type { Met } from "./replacement.js";

interface Bounds {
  readonly axis: number;
  readonly from: number;
  readonly to: number;
  readonly step: number;
}

const farthest = 2 ** 31 - 1;

function boundsOf({ inputs: [x, starts, ends, axes, steps] }: Met): readonly Bounds[] {
  const [from, to, step] = [known(starts), known(ends), known(steps)].map((v) => v ?? []);
  const along = known(axes) ?? from.map((_, i) => i);
  return along.map((given, i) => {
    const axis = fromFront(given, x.shape.length);
    const bounds = { axis, from: from[i], to: to[i], step: step[i] ?? 1 };
    const size = x.shape[axis];
    return bounds.step < 0 && isSize(size) ? within(bounds, size) : bounds;
  });
}

/** Bounds backwards as ONNX clamps them: indices from the front, but for an end of −1 − size, which is before the first. */
function within({ axis, from, to, step }: Bounds, size: number): Bounds {
  const clamped = (i: number, least: number) => Math.max(least, Math.min(size - 1, fromFront(i, size)));
  const end = clamped(to, -1);
  return { axis, from: clamped(from, 0), to: end < 0 ? -1 - size : end, step };
}

/** Whether a start is the last index, or one beyond it. */
function isLast(from: number, size: number | string): boolean {
  return from === -1 || from >= farthest || (isSize(size) && from >= size - 1);
}

/** Whether an axis goes backwards from an index that is not its last. */
export function slicesFromWithin(node: Met): boolean {
  const [x] = node.inputs;
  return boundsOf(node).some(({ axis, from, step }) => step < 0 && !isLast(from, x.shape[axis]));
}

/** A slice forwards of what is met, then all of that backwards from its last index. */
export function reversedSlice(node: Met): readonly Value[] {
  const [x] = node.inputs;
  const bounds = boundsOf(node);
  const forwards = bounds.map(({ axis, from, to, step }): Bounds => {
    if (step > 0) return { axis, from, to, step };
    // Indices from, from + step, … above `to`: so to + 1 ≤ i ≤ from. An end of −1 is the last index, after which nothing is met.
    const size = x.shape[axis];
    const isWhole = isSize(size) && to === -1 - size;
    return { axis, from: isWhole ? 0 : to === -1 ? farthest : to + 1, to: from === -1 ? farthest : from + 1, step: 1 };
  });
  const backwards = bounds
    .filter(({ step }) => step < 0)
    .map(({ axis, step }): Bounds => ({ axis, from: farthest, to: -farthest, step }));
  return [sliced(sliced(x, forwards), backwards)];
}

function sliced(x: Value, bounds: readonly Bounds[]): Value {
  const vector = (of: (b: Bounds) => number) => ints(bounds.map(of));
  return apply("Slice", [x, vector((b) => b.from), vector((b) => b.to), vector((b) => b.axis), vector((b) => b.step)]);
}
