/** Cases run in a process of their own, which is started again when one of them ends it. */
import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Answer, Form, Job, Verdict } from "./messages.js";

/** A process that is silent for so long hangs. */
const longestMs = 300_000;

type Ending = { readonly message: string; readonly answered: boolean };

export class Runner {
  private child: ChildProcess | null = null;

  constructor(private readonly form: Form = "device") {}

  /** What comes of each. Where the process ends, halves are tried until the case is found that ends it. */
  async run(jobs: readonly Job[]): Promise<readonly Verdict[]> {
    if (jobs.length === 0) return [];
    const answer = await this.ask(jobs);
    if (!("message" in answer)) return answer;
    if (jobs.length > 1) {
      const half = jobs.length >> 1;
      const verdicts = [...(await this.run(jobs.slice(0, half))), ...(await this.run(jobs.slice(half)))];
      const found = verdicts.some((v) => v.kind === "ends" || v.kind === "unanswered");
      const together = `${answer.message}, but only together with the ${jobs.length - 1} cases beside it`;
      return found ? verdicts : verdicts.map(() => ({ kind: "ends", message: together }));
    }
    const { message, answered } = answer;
    return [answered ? { kind: "ends", message } : { kind: "unanswered", message: `on the CPU ${message}` }];
  }

  close(): void {
    this.child?.kill();
    this.child = null;
  }

  private ask(jobs: readonly Job[]): Promise<readonly Verdict[] | Ending> {
    const child = this.child ?? this.start();
    this.child = child;
    return new Promise((resolve) => {
      let answered = false;
      let said = "";
      const hear = (chunk: Buffer) => {
        said = `${said}${chunk}`.slice(-2000);
      };
      const limit = setTimeout(() => child.kill("SIGKILL"), longestMs);
      const heard = (answer: Answer) => {
        if (answer.kind === "answered") answered = true;
        else done(answer.verdicts);
      };
      const ended = (code: number | null, signal: string | null) => {
        this.child = null;
        const lines = said.trim().split("\n").slice(-3).join(" ");
        done({ message: `the process ended with ${signal ?? `code ${code}`}${lines ? `: ${lines}` : ""}`, answered });
      };
      const done = (result: readonly Verdict[] | Ending) => {
        clearTimeout(limit);
        child.off("message", heard).off("exit", ended);
        child.stderr?.off("data", hear);
        resolve(result);
      };
      child.on("message", heard).on("exit", ended);
      child.stderr?.on("data", hear);
      child.send({ jobs, form: this.form });
    });
  }

  private start(): ChildProcess {
    return fork(fileURLToPath(new URL("./child.js", import.meta.url)), {
      serialization: "advanced",
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    });
  }
}
