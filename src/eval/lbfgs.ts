/**
 * L-BFGS (Nocedal 1980): minimises a smooth function of many numbers from values and gradients alone, with steps that
 * satisfy Armijo's condition.
 */

/** A function's value and gradient at a point; the gradient is the callee's to keep. */
export type Objective = (x: Float64Array) => Promise<{ readonly value: number; readonly gradient: Float64Array }>;

/** Where an objective is least. */
export interface Minimum {
  readonly x: Float64Array;
  readonly value: number;
  readonly iterations: number;
  /** Whether the gradient fell below the tolerance, or the value's float32 shows no further fall. */
  readonly converged: boolean;
}

/** How a minimum is looked for, and when it is found. */
export interface MinimiseOptions {
  /** Largest element of the gradient at which it stops; default 1e-4, as scikit-learn. */
  readonly tolerance?: number;
  /** Default 500. */
  readonly iterations?: number;
}

/** Pairs of steps and gradient changes kept. */
const memory = 10;
const sufficient = 1e-4;
/** Of values that were computed in float32: a fall by less, relative to the value, may not show. */
const resolution = 2 ** -21;
const halvings = 30;

/** Minimises from `start`. It ends early, not converged, where no step along the direction lowers the value any more. */
export async function minimise(
  objective: Objective,
  start: Float64Array,
  { tolerance = 1e-4, iterations = 500 }: MinimiseOptions = {},
): Promise<Minimum> {
  let [x, at] = [start, await objective(start)];
  const pairs: { readonly s: Float64Array; readonly y: Float64Array; readonly rho: number }[] = [];
  for (let i = 0; i < iterations; i++) {
    if (largest(at.gradient) < tolerance) return { x, value: at.value, iterations: i, converged: true };
    const direction = descent(at.gradient, pairs);
    const slope = dot(direction, at.gradient);
    let step = pairs.length === 0 ? Math.min(1, 1 / norm(at.gradient)) : 1;
    let next = x;
    let reached = at;
    for (let h = 0; h < halvings; h++, step /= 2) {
      next = x.map((v, j) => v + step * direction[j]);
      reached = await objective(next);
      if (reached.value <= at.value + sufficient * step * slope) break;
    }
    if (!(reached.value < at.value))
      return { x, value: at.value, iterations: i, converged: -slope < resolution * Math.abs(at.value) };
    const [s, y] = [next.map((v, j) => v - x[j]), reached.gradient.map((g, j) => g - at.gradient[j])];
    const curvature = dot(s, y);
    if (curvature > 1e-12 * dot(y, y)) pairs.push({ s, y, rho: 1 / curvature });
    if (pairs.length > memory) pairs.shift();
    [x, at] = [next, reached];
  }
  return { x, value: at.value, iterations, converged: largest(at.gradient) < tolerance };
}

/** −H·g by the two loops of the method. */
function descent(
  gradient: Float64Array,
  pairs: readonly { readonly s: Float64Array; readonly y: Float64Array; readonly rho: number }[],
): Float64Array {
  const q = gradient.map((g) => -g);
  const weights = [...pairs].reverse().map(({ s, y, rho }) => {
    const a = rho * dot(s, q);
    addScaled(q, y, -a);
    return a;
  });
  const newest = pairs.at(-1);
  if (newest) {
    const scale = dot(newest.s, newest.y) / dot(newest.y, newest.y);
    for (let i = 0; i < q.length; i++) q[i] *= scale;
  }
  for (const [i, { s, y, rho }] of pairs.entries()) addScaled(q, s, weights[pairs.length - 1 - i] - rho * dot(y, q));
  return q;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

function addScaled(to: Float64Array, values: Float64Array, scale: number): void {
  for (let i = 0; i < to.length; i++) to[i] += scale * values[i];
}

const norm = (x: Float64Array): number => Math.sqrt(dot(x, x));
const largest = (x: Float64Array): number => x.reduce((m, v) => Math.max(m, Math.abs(v)), 0);
