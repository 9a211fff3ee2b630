/** Work of the page's thread in turns: one job a frame, so that what a person does in between is answered at once, and none waits for the layout of all. */
import { afterFrame } from "../../view/index.js";

export class Turns {
  private readonly jobs = new Map<unknown, () => void>();
  private isWaiting = false;

  /** Does a job when its turn comes. One that the same owner gave before and that has not had its turn is left out. */
  readonly take = (owner: unknown, job: () => void): void => {
    this.jobs.set(owner, job);
    this.wait();
  };

  private async wait(): Promise<void> {
    if (this.isWaiting || this.jobs.size === 0) return;
    this.isWaiting = true;
    await afterFrame();
    this.isWaiting = false;
    const [owner, job] = this.jobs.entries().next().value ?? [];
    this.jobs.delete(owner);
    this.wait();
    job?.();
  }
}
