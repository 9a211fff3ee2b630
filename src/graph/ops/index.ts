/**
 * The ops that the builder knows. Standard ONNX at opset 18 (names, inputs and defaults are ONNX's), and composites, which stand
 * for gradients and training-mode layers until a lowering expands them. A family of ops is a file of this folder.
 */
import { composed } from "./composites.js";
import { type Filled, fill, type Given, type IsFree, type Kind, type Op, type Signature } from "./declare.js";
import { elementwise } from "./elementwise.js";
import { indexing } from "./indexing.js";
import { kernels } from "./kernels.js";
import { layout } from "./layout.js";
import { type NativeOp, native } from "./native.js";
import { normalization } from "./normalization.js";
import { products } from "./products.js";
import { reductions } from "./reductions.js";
import { replaced } from "./replaced.js";
import { windows } from "./windows.js";

export { runtimeDomain } from "./kernels.js";
export { type NativeOp, native, nativeDomain } from "./native.js";
export { windowOf } from "./windows.js";

/** Ops by name. */
export const ops = {
  ...elementwise,
  ...reductions,
  ...products,
  ...windows,
  ...normalization,
  ...layout,
  ...indexing,
  ...composed,
};

/** Names of the ops that a graph may have. */
export type OpType = keyof typeof ops;
/** Ops of this library's own, which `expandComposites` puts into standard ones. */
export type Composite = keyof typeof composed;

/** Ops that no runtime has: a lowering replaces each. */
export const composites = Object.keys(composed) as Composite[];
export const isComposite = (op: string): op is Composite => op in composed;

/** Ops whose attributes are known: those of graphs, and those that become others when a file is read. */
const declared = { ...ops, ...replaced };
export type DeclaredOp = keyof typeof declared;

/** The attributes of an op as a caller gives them: those with a default may be left out. */
export type AttributesOf<K extends OpType> = K extends OpType ? Given<(typeof ops)[K]["attributes"]> : never;

/** Whether a caller of an op may leave all its attributes out. */
export type IsFreeOf<K extends OpType> = IsFree<(typeof ops)[K]["attributes"]>;

/** The attributes of an op as rules read them: with ONNX's defaults. */
export type FilledOf<K extends DeclaredOp> = Filled<(typeof declared)[K]["attributes"]>;

/** Attributes of an op with ONNX's defaults where none is given. */
export const attributesOf = <K extends DeclaredOp>(op: K, given: object): FilledOf<K> =>
  fill(declared[op] as Signature<(typeof declared)[K]["attributes"]>, given);

/** The attributes of a native op as its kernel reads them. */
export type FilledNative<K extends NativeOp> = Filled<(typeof native)[K]["attributes"]>;

/** Attributes of a native op, with its defaults where none is given. */
export const nativeAttributes = <K extends NativeOp>(op: K, given: object): FilledNative<K> =>
  fill(native[op] as Signature<(typeof native)[K]["attributes"]>, given);

/** What an op declares of its inputs and attributes. */
export const signatureOf = (op: DeclaredOp): Signature => declared[op];

/** The kind of an attribute of a node; undefined where it is not declared. */
export function kindOf(domain: string, op: string, attribute: string): Kind | undefined {
  const vendor: Readonly<Record<string, Readonly<Record<string, { readonly kind: Kind }>>>> | undefined =
    kernels[domain as keyof typeof kernels];
  const table = vendor ? vendor[op] : (ops as Readonly<Record<string, Op>>)[op]?.attributes;
  return table?.[attribute]?.kind;
}
