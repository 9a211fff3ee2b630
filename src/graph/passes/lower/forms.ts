/**
 * The forms in which a value of the graph exists while it is lowered. A rule asks for the form that it needs; what is missing
 * is made by a reorder, once. Forms that nothing reads are not part of the graph, so they cost nothing.
 */
import { isStatic } from "../../shapes.js";
import { type Node, topological, type Value } from "../../value.js";
import { pack, unpack } from "./filters.js";
import { affine, type Tail, toBlocked, toPlain } from "./kernels.js";

/** The forms that a rule gives for one output; at least one of the first three. */
export interface Forms {
  readonly plain?: Value;
  readonly blocked?: Value;
  /** Filters [O,I,h,w] as the kernels read them. */
  readonly packed?: Value;
  /** The blocked form with a sum and an activation at no further pass. */
  readonly fuse?: (tail: Pick<Tail, "sum" | "relu">) => Value;
  /** The blocked form is `value` times `by` [C] along its channels; a rule may take the factor elsewhere. */
  readonly scaled?: { readonly value: Value; readonly by: Value };
}

/** A rule: the forms of a node's outputs, or null where the node stays as it is. */
export type Rule = (node: Node, lowering: Lowering) => readonly Forms[] | null;

export class Lowering {
  private readonly forms = new Map<Value, { -readonly [K in keyof Forms]: Forms[K] }>();
  private readonly uses = new Map<Value, number>();
  /** x − mean in blocked form, by the old value of the mean. */
  readonly centred = new Map<Value, Value>();

  constructor(
    readonly block: number,
    outputs: readonly Value[],
  ) {
    for (const v of [...topological(outputs).flatMap((n) => n.inputs), ...outputs])
      if (v) this.uses.set(v, (this.uses.get(v) ?? 0) + 1);
  }

  /** Whether `x` can have a blocked form: float32 images of known sizes, whole blocks of channels. */
  fits(x: Value): boolean {
    const { shape } = x;
    return x.dtype === "float32" && shape.length === 4 && isStatic(shape) && shape[1] % this.block === 0;
  }

  set(old: Value, forms: Forms): void {
    this.forms.set(old, { ...forms });
  }

  /** Whether a blocked form exists without a reorder. */
  isBlocked(old: Value): boolean {
    const forms = this.forms.get(old);
    return forms?.blocked !== undefined || forms?.scaled !== undefined;
  }

  plain(old: Value): Value {
    const forms = this.forms.get(old);
    if (!forms) return old;
    forms.plain ??= forms.packed ? unpack(forms.packed, this.block) : toPlain(this.blocked(old));
    return forms.plain;
  }

  /** Only of values that `fits`. */
  blocked(old: Value): Value {
    const forms = this.forms.get(old) ?? { plain: old };
    this.forms.set(old, forms);
    forms.blocked ??= forms.scaled ? affine(forms.scaled.value, forms.scaled.by, {}) : toBlocked(this.plain(old));
    return forms.blocked;
  }

  isPacked(old: Value): boolean {
    return this.forms.get(old)?.packed !== undefined;
  }

  /** Only of filters that the kernels take. */
  packed(old: Value): Value {
    const forms = this.forms.get(old) ?? { plain: old };
    this.forms.set(old, forms);
    forms.packed ??= pack(this.plain(old), this.block);
    return forms.packed;
  }

  /** The way to add to `old` and activate it in the kernel that makes it, if nothing else reads it. */
  fusible(old: Value): Forms["fuse"] | null {
    return (this.uses.get(old) === 1 && this.forms.get(old)?.fuse) || null;
  }

  /** The blocked form, or one that a factor by channel separates from it. */
  scaled(old: Value): { readonly value: Value; readonly by: Value | null } {
    return this.forms.get(old)?.scaled ?? { value: this.blocked(old), by: null };
  }
}
