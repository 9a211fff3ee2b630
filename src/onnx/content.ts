/** What an ONNX model holds, as plain data. */

export type ElementType = "float32" | "float64" | "float16" | "int64" | "int32" | "uint8" | "int8" | "bool";

export interface ValueContent {
  readonly name: string;
  readonly dtype: ElementType;
  readonly shape: readonly (number | string)[];
  /** A sequence of tensors of that type, of any shape. */
  readonly isSequence?: boolean;
}

export interface TensorContent {
  readonly name: string;
  readonly dtype: ElementType;
  readonly shape: readonly number[];
  readonly data: Float32Array | Float64Array | BigInt64Array | Int32Array | Uint8Array | Int8Array | Uint16Array;
  /** Of a graph's constants: whether whoever runs it may give another. A runtime then concludes nothing from it. */
  readonly isDefault?: boolean;
}

/**
 * An attribute of a node. A plain number is an integer, a plain list is of integers: ONNX keeps both apart from floats, and a
 * runtime refuses the one for the other.
 */
export type AttributeContent =
  | number
  | string
  | readonly number[]
  | { readonly float: number }
  | { readonly floats: readonly number[] }
  | { readonly strings: readonly string[] }
  | TensorContent
  | GraphContent;

export interface NodeContent {
  readonly name: string;
  readonly op: string;
  readonly domain: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, AttributeContent>>;
}

export interface GraphContent {
  readonly name: string;
  readonly inputs: readonly ValueContent[];
  readonly outputs: readonly ValueContent[];
  readonly constants: readonly TensorContent[];
  readonly nodes: readonly NodeContent[];
}

export interface ModelContent extends GraphContent {
  /** Opset of the default domain; 18 if left out. */
  readonly opset?: number;
}

/** ONNX's numbers for element types, and the array that holds them. */
export const elementTypes = {
  float32: { code: 1, array: Float32Array },
  uint8: { code: 2, array: Uint8Array },
  int8: { code: 3, array: Int8Array },
  int32: { code: 6, array: Int32Array },
  int64: { code: 7, array: BigInt64Array },
  bool: { code: 9, array: Uint8Array },
  float16: { code: 10, array: Uint16Array },
  float64: { code: 11, array: Float64Array },
} as const satisfies Record<ElementType, unknown>;
