/** The metrics of a run as they are written. */
import { type FileHandle, open } from "node:fs/promises";
import { type Metric, metricOf } from "../train/index.js";

/** How far a file is read. */
interface Place {
  /** The file: one that replaces it has another. */
  readonly inode: number;
  /** Behind the last whole line. */
  readonly offset: number;
}

export interface News {
  /** Whether these are all lines of the file: at first, and when it was replaced or cut, as by `hcsc train --resume`. */
  readonly isStart: boolean;
  readonly metrics: readonly Metric[];
}

/** Reads the lines that a metrics file has gained since the last call; a file that is not there yet is empty. */
export class MetricsFollower {
  private place: Place | null = null;

  constructor(private readonly file: string) {}

  /** @returns null if nothing is new */
  async news(): Promise<News | null> {
    const file = await open(this.file, "r").catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return null;
      throw error;
    });
    try {
      return file ? await this.read(file) : this.moved({ inode: 0, offset: 0 }, []);
    } finally {
      await file?.close();
    }
  }

  /** All metrics up to those that the last call has given. */
  async all(): Promise<readonly Metric[]> {
    const length = this.place?.offset ?? 0;
    const file = length === 0 ? null : await open(this.file, "r").catch(() => null);
    try {
      if (!file) return [];
      const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, 0);
      return lines(buffer.subarray(0, buffer.subarray(0, bytesRead).lastIndexOf("\n") + 1));
    } finally {
      await file?.close();
    }
  }

  private async read(file: FileHandle): Promise<News | null> {
    const { ino, size } = await file.stat();
    const isSame = this.place?.inode === ino && size >= this.place.offset;
    const from = isSame ? (this.place?.offset ?? 0) : 0;
    const { buffer, bytesRead } = await file.read(Buffer.alloc(size - from), 0, size - from, from);
    const end = buffer.subarray(0, bytesRead).lastIndexOf("\n") + 1;
    if (!isSame) this.place = null;
    return this.moved({ inode: ino, offset: from + end }, lines(buffer.subarray(0, end)));
  }

  private moved(place: Place, metrics: readonly Metric[]): News | null {
    const isStart = this.place?.inode !== place.inode;
    this.place = place;
    return isStart || metrics.length > 0 ? { isStart, metrics } : null;
  }
}

/** The metrics of whole lines, line by line, as a long run's file is too long for one string; damaged ones are left out. */
function lines(bytes: Buffer): Metric[] {
  const metrics: Metric[] = [];
  for (let from = 0; from < bytes.length; ) {
    const to = bytes.indexOf("\n", from);
    const metric = metricOf(bytes.toString("utf8", from, to));
    if (metric) metrics.push(metric);
    from = to + 1;
  }
  return metrics;
}
