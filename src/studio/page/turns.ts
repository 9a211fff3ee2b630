/** Work of the page's thread in turns: one job a task, so that what a person does in between is answered at once. */
export class Turns {
  private readonly jobs = new Map<unknown, () => void>();
  private isWaiting = false;

  /** Does a job when its turn comes. One that the same owner gave before and that has not had its turn is left out. */
  readonly take = (owner: unknown, job: () => void): void => {
    this.jobs.set(owner, job);
    this.wait();
  };

  private wait(): void {
    if (this.isWaiting || this.jobs.size === 0) return;
    this.isWaiting = true;
    setTimeout(() => {
      this.isWaiting = false;
      const [owner, job] = this.jobs.entries().next().value ?? [];
      this.jobs.delete(owner);
      this.wait();
      job?.();
    });
  }
}
