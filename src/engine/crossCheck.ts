/** What is known after a program's first run on a device was repeated on the CPU. */

/** The first run of a program on a device beside the CPU's. */
export interface CrossCheck {
  readonly program: string;
  /** The output that differs most of what it may, and by what part of its largest value (of integers: how many do); null: it has none. */
  readonly worst: {
    readonly output: string;
    readonly error: number;
    /** Whether it is more than the precision allows, and no more than rounding does to the CPU's own. */
    readonly byRounding: boolean;
  } | null;
  /** What the CPU's run took. */
  readonly seconds: number;
}

/** The sentence that people read. */
export function checkNotice({ program, worst, seconds }: CrossCheck, provider: string): string {
  const why = worst?.byRounding ? ", and rounding alone makes as much" : "";
  const by = worst ? `: the largest difference is ${worst.error.toExponential(1)}, of ${worst.output}${why}` : "";
  return `the first run of ${program} on ${provider} agrees with the CPU's (${seconds.toFixed(1)} s)${by}`;
}
