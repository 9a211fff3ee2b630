/**
 * How many steps a run should do so that copying the state takes at most a twentieth of the time. A run of n steps takes
 * copying + n·step, so runs of one and of two steps tell both.
 */
const tolerated = 0.05;
/** More steps a run would keep Ctrl-C and progress waiting, and hold more batches. */
const most = 32;
/** Steps of the runs that are timed; the first also pays for what is done once. */
const trials = [1, 1, 2];

export class RunLength {
  /** How many steps the next run should do. */
  next: number;
  private readonly seconds: number[] = [];

  /** @param wanted - a number, or `measured` to choose by the first three runs */
  constructor(private readonly wanted: number | "measured") {
    this.next = wanted === "measured" ? trials[0] : wanted;
  }

  /** Told of every run. */
  observe(steps: number, seconds: number): void {
    if (this.wanted !== "measured" || this.seconds.length === trials.length || steps !== this.next) return;
    this.seconds.push(seconds);
    this.next = trials[this.seconds.length] ?? this.chosen();
  }

  private chosen(): number {
    const [, one, two] = this.seconds;
    const step = Math.max(two - one, 0.05 * one);
    return Math.min(most, Math.max(1, Math.ceil((one - step) / (tolerated * step))));
  }
}
