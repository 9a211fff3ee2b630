/** Values in the shapes of others, named dimensions included. */
import { apply, reshape } from "./apply.js";
import { isSize, isStatic } from "./shapes.js";
import { type Dimension, ints, type Shape, type Value } from "./value.js";

/** The shape of `x` as an int64 vector: a constant where known. */
export function shapeOf(x: Value): Value {
  return isStatic(x.shape) ? ints(x.shape) : apply("Shape", [x]);
}

/** `x` reshaped to the shape of `like`, named dimensions included. */
export function reshapeLike(x: Value, like: Value): Value {
  if (sameShape(x.shape, like.shape)) return x;
  const named = like.shape.filter((d) => !isSize(d)).length;
  // A size of 0 asks for no elements; without the attribute it would ask for x's own size there.
  if (like.shape.includes(0)) return withShape(apply("Reshape", [x, shapeOf(like)], { allowzero: 1 }), like.shape);
  if (named <= 1)
    return withShape(
      reshape(
        x,
        like.shape.map((d) => (isSize(d) ? d : -1)),
      ),
      like.shape,
    );
  return withShape(apply("Reshape", [x, shapeOf(like)]), like.shape);
}

/** `x` expanded to the shape of `like`. */
export function expandLike(x: Value, like: Value): Value {
  return sameShape(x.shape, like.shape) ? x : withShape(apply("Expand", [x, shapeOf(like)]), like.shape);
}

/** Whether two shapes are equal, dimension by dimension. */
export const sameShape = (a: Shape, b: Shape): boolean => a.length === b.length && a.every((d, i) => d === b[i]);

/** The same value with a shape that is known to be its own, where inference found only fresh names. */
function withShape(x: Value, shape: Shape): Value {
  (x as { shape: readonly Dimension[] }).shape = shape;
  return x;
}
