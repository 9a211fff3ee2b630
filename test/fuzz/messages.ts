/** What the fuzz and the process that runs its cases say to each other. */
import type { Case } from "./case.js";
import type { Difference } from "./compare.js";
import type { StepCase } from "./steps.js";

/** `device`: as graphs are emitted for devices. `plain`: as before its rules, which must show the defects that they avoid. */
export type Form = "device" | "plain";

export type Job = Case | StepCase;

export interface Question {
  readonly jobs: readonly Job[];
  readonly form: Form;
}

/** What came of a case. */
export type Verdict =
  | { readonly kind: "agrees" }
  | { readonly kind: "differs"; readonly difference: Difference }
  /** The device fails where the CPU does not. */
  | { readonly kind: "fails"; readonly message: string }
  /** The process ended. */
  | { readonly kind: "ends"; readonly message: string }
  /** Its graph cannot be made: the draw is wrong, or a rule of the builder. */
  | { readonly kind: "unbuilt"; readonly message: string }
  /** The device form refuses it by name. */
  | { readonly kind: "refused"; readonly message: string }
  /** The CPU provider has no answer to compare with. */
  | { readonly kind: "unanswered"; readonly message: string };

/** `compared`: the CPU's part is done, and what ends the process from there on is the device's doing. */
export type Answer =
  | { readonly kind: "answered" }
  | { readonly kind: "verdicts"; readonly verdicts: readonly Verdict[] };
