/** The mutual information that chance gives (Vinh, Epps and Bailey 2010, eq. 24a). */
import type { Contingency } from "./contingency.js";

/**
 * The expected mutual information, in nats, of two partitions with the given sizes when points are paired at random: the cell of
 * sizes a and b is hypergeometric,
 *
 *     Σ_{a, b} Σ_n  n/N · ln(N n / (a b)) · a! b! (N−a)! (N−b)! / ( N! n! (a−n)! (b−n)! (N−a−b+n)! ),
 *
 * n from max(1, a + b − N) to min(a, b). Clusters of equal size are counted together.
 */
export function expectedInformation({ total, classSizes, clusterSizes }: Contingency): number {
  const logFactorial = new Float64Array(total + 1);
  for (let n = 1; n <= total; n++) logFactorial[n] = logFactorial[n - 1] + Math.log(n);
  const columns = [...countEach(clusterSizes)];
  let expected = 0;
  for (const [a, timesA] of countEach(classSizes)) {
    for (const [b, timesB] of columns) {
      const margins =
        logFactorial[a] + logFactorial[b] + logFactorial[total - a] + logFactorial[total - b] - logFactorial[total];
      let sum = 0;
      for (let n = Math.max(1, a + b - total); n <= Math.min(a, b); n++) {
        const logProbability =
          margins - logFactorial[n] - logFactorial[a - n] - logFactorial[b - n] - logFactorial[total - a - b + n];
        sum += (n / total) * Math.log((total * n) / (a * b)) * Math.exp(logProbability);
      }
      expected += timesA * timesB * sum;
    }
  }
  return expected;
}

function countEach(values: readonly number[]): Map<number, number> {
  const counts = new Map<number, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}
