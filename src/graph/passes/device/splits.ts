/** WebGPU binds each output of a kernel as a buffer, and promises eight for a kernel, one of which is read: `Split`s into more fail. */
import { split } from "../../apply.js";
import { attributesOf } from "../../ops/index.js";
import { known, type Value } from "../../value.js";
import type { Met } from "./replacement.js";

const most = 7;

export const givesTooMany = ({ inputs, outputs }: Met): boolean => outputs.length > most && known(inputs[1]) !== null;

/** The same parts by a tree of `Split`s. */
export const treeOfSplits = ({ inputs: [x, sizes], attributes }: Met): readonly Value[] =>
  parts(x, known(sizes) as number[], attributesOf("Split", attributes).axis);

function parts(x: Value, sizes: readonly number[], axis: number): readonly Value[] {
  if (sizes.length === 1) return [x];
  if (sizes.length <= most) return split(x, sizes, axis);
  const depth = Math.ceil(Math.log(sizes.length) / Math.log(most) - 1e-9);
  let [left, at] = [sizes.length - most, 0];
  const runs = Array.from({ length: most }, () => {
    const more = Math.min(left, most ** (depth - 1) - 1);
    left -= more;
    at += 1 + more;
    return sizes.slice(at - 1 - more, at);
  });
  const lengths = runs.map((run) => run.reduce((a, b) => a + b, 0));
  return split(x, lengths, axis).flatMap((part, i) => parts(part, runs[i], axis));
}
