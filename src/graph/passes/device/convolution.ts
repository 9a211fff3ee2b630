/**
 * Convolutions. The provider's kernels take channels four at a time where their number allows it, and some of them think so
 * where it does not: zero channels that fill the last four, or a channel more that is dropped, make them right.
 */
import { applyAll, concat, pad, reshape, slice } from "../../apply.js";
import { attributesOf, windowOf } from "../../ops/index.js";
import { reshapeLike } from "../../reshaping.js";
import { isStatic } from "../../shapes.js";
import type { Value } from "../../value.js";
import type { Met } from "./replacement.js";

const lanes = 4;
const up = (n: number): number => Math.ceil(n / lanes) * lanes;
const groupsOf = ({ attributes }: Met): number => attributesOf("Conv", attributes).group;

/** Filters [O,I,k…], their window, and its begin and end pads. */
function partsOf({ inputs: [, w], attributes }: Met) {
  const [filters, channels, ...kernel] = w.shape as readonly number[];
  const { strides, pads } = windowOf(attributes, kernel);
  return { filters, channels, kernel, strides, begins: pads.slice(0, kernel.length), ends: pads.slice(kernel.length) };
}

/** Whether the provider makes a matrix product of it: no begin pads, and 1×1 at stride 1 or a kernel as large as the map. */
export function isProduct(node: Met): boolean {
  const { kernel, strides, begins } = partsOf(node);
  const map = node.inputs[0].shape.slice(2);
  return (
    begins.every((p) => p === 0) &&
    (kernel.every((k, i) => k === 1 && strides[i] === 1) || kernel.every((k, i) => k === map[i]))
  );
}

/** One group, of a kernel as large as the map or 1×1 at stride 1, no begin pads and some end pads. */
export function forgetsEndPads(node: Met): boolean {
  const { kernel, strides, begins, ends } = partsOf(node);
  const map = node.inputs[0].shape.slice(2);
  const isWhole = kernel.every((k, i) => k === map[i] || !isStatic(map));
  const isPointwise = kernel.every((k, i) => k === 1 && strides[i] === 1);
  return groupsOf(node) === 1 && begins.every((p) => p === 0) && ends.some((p) => p > 0) && (isWhole || isPointwise);
}

/** One window more before the first of an axis, which is dropped. */
export function withBeginPad({ inputs, attributes, ...node }: Met): readonly Value[] {
  const { begins, ends, strides } = partsOf({ inputs, attributes, ...node });
  const pads = [strides[0], ...begins.slice(1), ...ends];
  const [y] = applyAll("Conv", inputs, { ...attributes, pads });
  return [slice(y, 2, 1, 2 ** 31 - 1)];
}

/** The vector length that the provider takes for so many channels. */
const vector = (n: number): number => (n % 4 === 0 ? 4 : n % 2 === 0 ? 2 : 1);

/** Groups of 4 output channels or more, whose number is not made of the vectors that all of them are made of. */
export function readsAcrossGroups(node: Met): boolean {
  const { filters } = partsOf(node);
  const each = filters / groupsOf(node);
  return groupsOf(node) > 1 && each >= lanes && each % vector(filters) !== 0;
}

/** Groups of whole vectors: the output channels added are dropped. */
export function wholeVectorsAGroup(node: Met): readonly Value[] {
  const groups = groupsOf(node);
  const each = partsOf(node).filters / groups;
  const wider = up(each);
  const more = (v: Value): Value => widened(v, groups, each, wider);
  const [x, w, bias] = node.inputs;
  const [y] = applyAll("Conv", bias ? [x, more(w), more(bias)] : [x, more(w)], node.attributes);
  return [narrowed(y, groups, wider, each, node.outputs[0])];
}

/** One output channel a group from an even number of input channels. */
export function mixesGroups(node: Met): boolean {
  const { filters: channels, channels: each } = partsOf(node); // w is [I, O/group, k…]
  return groupsOf(node) > 1 && each === 1 && (channels / groupsOf(node)) % 2 === 0;
}

/** Two output channels a group, of which one is dropped. */
export function twoChannelsAGroup(node: Met): readonly Value[] {
  const groups = groupsOf(node);
  const [x, w, bias] = node.inputs;
  const filters = pad(w, [...w.shape.map(() => 0), ...w.shape.map((_, i) => (i === 1 ? 1 : 0))]);
  const inputs = bias ? [x, filters, widened(bias, groups, 1, 2)] : [x, filters];
  const [y] = applyAll("ConvTranspose", inputs, node.attributes);
  return [narrowed(y, groups, 2, 1, node.outputs[0])];
}

/** v [groups·each, …] with zeros up to `wider` in every group. */
function widened(v: Value, groups: number, each: number, wider: number): Value {
  const rest = v.shape.slice(1) as readonly number[];
  const size = rest.reduce((a, b) => a * b, 1);
  const filled = pad(reshape(v, [groups, each, size]), [0, 0, 0, 0, wider - each, 0]);
  return reshape(filled, [groups * wider, ...rest]);
}

/** y [N, groups·wider, …] with the first `each` channels of every group, in the shape of `like`. */
function narrowed(y: Value, groups: number, wider: number, each: number, like: Value): Value {
  return reshapeLike(slice(reshape(y, [0, groups, wider, -1]), 2, 0, each), like);
}

/** One group, from channels divisible by 3 and not by 4, other than 3 itself, to channels divisible by 4; not a product. */
export function misreadsChannels(node: Met): boolean {
  const { filters, channels } = partsOf(node);
  return (
    node.inputs[0].shape.length <= 4 &&
    groupsOf(node) === 1 &&
    channels % 3 === 0 &&
    channels % lanes !== 0 &&
    channels !== 3 &&
    filters % lanes === 0 &&
    !isProduct(node)
  );
}

/** Zero channels up to whole vectors. */
export function wholeVectorsOfChannels({ inputs: [x, w, ...bias], attributes, ...node }: Met): readonly Value[] {
  const { channels } = partsOf({ inputs: [x, w], attributes, ...node });
  const extra = up(channels) - channels;
  const wider = (v: Value) => pad(v, [...v.shape.map(() => 0), ...v.shape.map((_, i) => (i === 1 ? extra : 0))]);
  return applyAll("Conv", [wider(x), wider(w), ...bias], attributes);
}

export const isGroupedVolume = (node: Met): boolean => node.inputs[0].shape.length > 4 && groupsOf(node) > 1;

/** A convolution a group. */
export function groupByGroup(node: Met): readonly Value[] {
  const groups = groupsOf(node);
  const { filters, channels } = partsOf(node);
  const [x, w, bias] = node.inputs;
  const part = (v: Value, axis: number, size: number, g: number) => slice(v, axis, g * size, (g + 1) * size);
  const parts = Array.from({ length: groups }, (_, g) => {
    const own = [part(x, 1, channels, g), part(w, 0, filters / groups, g)];
    const inputs = bias ? [...own, part(bias, 0, filters / groups, g)] : own;
    return applyAll("Conv", inputs, { ...node.attributes, group: 1 })[0];
  });
  return [concat(parts, 1)];
}
