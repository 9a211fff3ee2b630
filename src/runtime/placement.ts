/**
 * On which provider the nodes of a program really ran. A session is first asked for with every other provider shut out: if it
 * can be made so, every node is on the engine's. If not, it is made without that, and ONNX Runtime's own profile of its first
 * run tells.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** ONNX Runtime's words when a session that is to have every node on its own provider would have some on the CPU. */
export const wouldFallBack = /fallback to CPU EP has been explicitly disabled/;

/** How many nodes of each op ran on providers other than the engine's, by ONNX Runtime's name of the provider; none: `{}`. */
export interface Placement {
  readonly program: string;
  readonly elsewhere: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** Whether convolutions and matrix products are among them: the run is then mostly not on the engine's provider. */
  readonly heavyElsewhere: boolean;
}

const heavy: ReadonlySet<string> = new Set([
  "Conv",
  "FusedConv",
  "ConvTranspose",
  "MatMul",
  "FusedMatMul",
  "Gemm",
  "Einsum",
]);

/** Everything on the engine's provider. */
export const wholly = (program: string): Placement => ({ program, elsewhere: {}, heavyElsewhere: false });

/** A profile of a session's first run. */
export class FirstRun {
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
    const heavyElsewhere = Object.values(elsewhere).some((ops) => Object.keys(ops).some((op) => heavy.has(op)));
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

/** The sentence that people read; null when there is nothing to warn of. */
export function placementWarning({ program, elsewhere, heavyElsewhere }: Placement): string | null {
  const parts = Object.entries(elsewhere).map(([provider, ops]) => {
    const counted = Object.entries(ops).map(([op, count]) => (count === 1 ? op : `${op} ×${count}`));
    return `${counted.join(", ")} on ${provider}`;
  });
  if (parts.length === 0) return null;
  const weight = heavyElsewhere ? "even convolutions or matrix products" : "some light nodes";
  return `of program ${program}, ${weight} run on another provider, with copies to and fro: ${parts.join("; ")}`;
}
