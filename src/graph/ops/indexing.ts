/** Gathering and scattering. */
import { axisOf, fail, isSize, type } from "../shapes.js";
import { known, type TensorType } from "../value.js";
import { anything, type In, int, int64, integers, like, numbers, op, own, word } from "./declare.js";

/** Indices into every axis, as many axes as `x`, and no more of them off `axis` than `x` has. */
function elementIndices(name: string, x: In, axis: number): void {
  const [data, at] = x;
  const along = axisOf(name, axis, data.shape.length, x);
  const fits = data.shape.every((d, i) => {
    const n = at.shape[i];
    return i === along || !isSize(d) || !isSize(n) || n <= d;
  });
  if (at.shape.length !== data.shape.length || !fits)
    fail(name, `the indices do not suit the data off axis ${along}`, x);
}

function scatterElements(x: In, { axis }: { readonly axis: number }, name: string): readonly TensorType[] {
  elementIndices(name, x, axis);
  if (String(x[1].shape) !== String(x[2].shape)) fail(name, "indices and updates differ in shape", x);
  return [type(x[0].dtype, x[0].shape)];
}

function scatterND(x: In, _: object, name: string): readonly TensorType[] {
  const [data, at, updates] = x;
  const width = at.shape[at.shape.length - 1];
  if (!isSize(width)) fail(name, "the last dimension of the indices must be known", x, "not-constant");
  const rank = at.shape.length - 1 + data.shape.length - width;
  if (updates.shape.length !== rank) fail(name, `the updates need a rank of ${rank}`, x);
  return [type(data.dtype, data.shape)];
}

function gather(x: In, { axis }: { readonly axis: number }, name: string): readonly TensorType[] {
  const along = axisOf(name, axis, x[0].shape.length, x);
  return [type(x[0].dtype, [...x[0].shape.slice(0, along), ...x[1].shape, ...x[0].shape.slice(along + 1)])];
}

function gatherND(x: In, { batch_dims }: { readonly batch_dims: number }, name: string): readonly TensorType[] {
  const width = x[1].shape[x[1].shape.length - 1];
  if (!isSize(width)) fail(name, "the last dimension of the indices must be known", x, "not-constant");
  return [type(x[0].dtype, [...x[1].shape.slice(0, -1), ...x[0].shape.slice(batch_dims + width)])];
}

function oneHot(x: In, a: { readonly axis: number }, name: string): readonly TensorType[] {
  const depth = known(x[1]);
  const axis = axisOf(name, a.axis, x[0].shape.length + 1, x);
  const size = depth ? depth[0] : `?${x[1].id}`;
  return [type(x[2].dtype, [...x[0].shape.slice(0, axis), size, ...x[0].shape.slice(axis)])];
}

const data = like("data", anything);
const updates = like("updates", anything);
const mode = () => word("none", "add", "mul", "max", "min");

export const indexing = {
  Gather: op([data, own("indices", integers)], { axis: int(0) }, gather),
  GatherElements: op([data, own("indices", integers)], { axis: int(0) }, (x, { axis }, name) => {
    elementIndices(name, x, axis);
    return [type(x[0].dtype, x[1].shape)];
  }),
  GatherND: op([data, own("indices", int64)], { batch_dims: int(0) }, gatherND),
  ScatterND: op([data, own("indices", int64), updates], { reduction: mode() }, scatterND),
  ScatterElements: op([data, own("indices", integers), updates], { axis: int(0), reduction: mode() }, scatterElements),
  OneHot: op([own("indices", numbers), own("depth", numbers), own("values", anything)], { axis: int(-1) }, oneHot),
};
