/** Requests to an engine's thread that wait for their answers. */
import { type ErrorCode, errorFrom, ProviderError } from "../errors.js";
import type { CallName, Calls, Reply, Request } from "./messages.js";

/** What came with a reply beside its answer. */
export type News = Omit<Reply, "id" | "answer" | "error">;

interface Pending {
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly hear: (news: News) => void;
}

/** Why nothing can be asked any more, and the code of the errors that say so. */
interface End {
  readonly why: string;
  readonly code: ErrorCode<"ProviderError">;
}

export class Requests {
  private readonly pending = new Map<number, Pending>();
  private nextId = 1;
  private ending: End | null = null;

  /** @param post - sends a request with arrays that move to the thread */
  constructor(private readonly post: (request: Request, moved: ArrayBuffer[]) => void) {}

  /** Requests are carried out in order. @throws ProviderError if the thread ends before it answers; what the engine throws */
  ask<K extends CallName>(
    call: K,
    ask: Calls[K]["ask"],
    hear: (news: News) => void,
    moved: ArrayBuffer[] = [],
  ): Promise<Calls[K]["answer"]> {
    if (this.ending)
      return Promise.reject(new ProviderError(this.ending.code, `${this.ending.why}: ${call} cannot be done.`));
    return new Promise((resolve, reject) => {
      const id = this.nextId++;
      this.pending.set(id, { resolve: resolve as (answer: unknown) => void, reject, hear });
      this.post({ id, call, ask } as Request, moved);
    });
  }

  receive({ id, answer, error, ...news }: Reply): void {
    const waiting = this.pending.get(id);
    this.pending.delete(id);
    waiting?.hear(news);
    if (error) waiting?.reject(errorFrom(error));
    else waiting?.resolve(answer);
  }

  /** Whether no answer is waited for. */
  get isIdle(): boolean {
    return this.pending.size === 0;
  }

  /** Whether nothing can be asked any more. */
  get isEnded(): boolean {
    return this.ending !== null;
  }

  /** Fails what is waited for, and all that is asked from now on. */
  end(why: string, code: End["code"] = "ended"): void {
    this.ending ??= { why, code };
    for (const { reject } of this.pending.values())
      reject(new ProviderError(code, `${why}: what was asked of it is lost.`));
    this.pending.clear();
  }
}
