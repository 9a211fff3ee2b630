/**
 * On which provider the nodes of a program really ran. A session is first asked for with every other provider shut out: if it
 * can be made so, every node is on the engine's. If not, it is made without that, and ONNX Runtime's own profile of its first
 * run tells, where profiles can be read.
 */
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

/** A first run whose nodes are watched. */
export interface Watch {
  /** What the path of its profile begins with. */
  readonly prefix: string;
  /** What the profile says, which has ended. @param label - the engine's provider, by ONNX Runtime's name */
  placement(program: string, label: string): Placement;
  discard(): void;
}

/** Whether nodes of these ops run elsewhere: the run is then mostly not on the engine's provider. */
export const isHeavy = (ops: Readonly<Record<string, number>>): boolean => Object.keys(ops).some((op) => heavy.has(op));

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
