/** ONNX Runtime's profile of a session's first run, in a folder of its own until it is read. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isHeavy, type Placement, type Watch } from "../engine/index.js";

/** A profile of a session's first run. */
export class FirstRun implements Watch {
  private readonly folder = mkdtempSync(join(tmpdir(), "hcsc-placement-"));
  /** What the profile's path begins with. */
  readonly prefix = join(this.folder, "run");

  /** Reads the profile, which has ended. */
  placement(program: string, label: string): Placement {
    const [file] = readdirSync(this.folder);
    const events = JSON.parse(readFileSync(join(this.folder, file), "utf8")) as readonly ProfileEvent[];
    this.discard();
    const elsewhere: Record<string, Record<string, number>> = {};
    for (const { cat, name, args } of events) {
      if (cat !== "Node" || !name.endsWith("_kernel_time") || !args?.provider || args.provider === label) continue;
      elsewhere[args.provider] ??= {};
      const ops = elsewhere[args.provider];
      ops[args.op_name] = (ops[args.op_name] ?? 0) + 1;
    }
    const heavyElsewhere = Object.values(elsewhere).some(isHeavy);
    return { program, elsewhere, heavyElsewhere };
  }

  discard(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

interface ProfileEvent {
  readonly cat: string;
  readonly name: string;
  readonly args?: { readonly provider?: string; readonly op_name: string };
}
