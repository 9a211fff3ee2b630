/**
 * How many steps a run should do. A run of n steps takes copying + n·step, copying being that of the state; runs of one and of two
 * steps tell both, where the length is to be measured.
 */
const tolerated = 0.05;
/** Steps of the runs that are timed; the first also pays for what is done once. */
const trials = [1, 1, 2];
/** More steps would keep progress waiting, and hold more feeds. */
const most = 32;
/** Seconds that Ctrl-C and progress may be kept waiting by a run. */
const patience = 4;

export class RunLength {
  /** How many steps the next run should do. */
  next: number;
  private wanted: number;
  private readonly limit: number;
  private readonly seconds: number[] = [];

  /**
   * @param choice - a number, or `measured`: as many as keep copying under a twentieth of the time
   * @param fitting - as many as a run has room for; at least one is done
   */
  constructor(
    private readonly choice: number | "measured",
    fitting = most,
  ) {
    this.wanted = choice === "measured" ? trials[0] : choice;
    this.limit = Math.max(1, Math.min(most, Math.floor(fitting)));
    this.next = Math.min(this.wanted, this.limit);
  }

  /** Told of every run. */
  observe(steps: number, seconds: number): void {
    if (this.choice === "measured" && this.seconds.length < trials.length && steps === this.next) {
      this.seconds.push(seconds);
      this.wanted = trials[this.seconds.length] ?? this.measured();
    }
    const patient = Math.max(1, Math.floor((patience * steps) / seconds));
    this.next = Math.min(this.wanted, this.limit, patient);
  }

  private measured(): number {
    const [, one, two] = this.seconds;
    const step = Math.max(two - one, 0.05 * one);
    return Math.max(1, Math.ceil((one - step) / (tolerated * step)));
  }
}
