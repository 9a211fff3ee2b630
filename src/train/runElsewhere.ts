/** A run that another process writes. */
import { type RunDescription, RunFolder } from "./runFolder.js";

/** The run of process 0, as the others that train it have it: what is written to it is written there, and nothing is read. */
export class RunElsewhere extends RunFolder {
  /** @param path - process 0's */
  constructor(path: string, description: RunDescription) {
    super(path, description);
  }

  override async append(): Promise<void> {}
  override async rewind(): Promise<void> {}
  override async saveGraph(): Promise<void> {}
  override async metrics(): Promise<readonly []> {
    return [];
  }
  override async listCheckpoints(): Promise<readonly []> {
    return [];
  }
}
