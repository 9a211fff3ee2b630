/** What processes that share a batch have of what is drawn for it. */
import test from "ava";
import type { CompileTarget } from "../../src/compileTarget.js";
import { rankPrograms } from "../../src/programs/compile.js";
import { SelectionDraws } from "../../src/train/draws.js";
import { ownParts } from "../../src/train/ranks.js";
import { settings } from "../programs/smallStep.js";

const s = { ...settings, clusters: [6, 4, 3], querySubBatches: 2 };
const targets: readonly CompileTarget[] = [{ kind: "portable" }, { kind: "device", precision: "fp32" }];

for (const target of targets)
  test(`each of two processes has the draws of its own images, compiled ${target.kind}`, (t) => {
    const { gradient } = rankPrograms(s, 2, "selective", target);
    const whole = new SelectionDraws(s, 7, gradient).of(3);
    const shapes = new Map(gradient.inputs.map(({ name, shape }) => [name, shape]));
    const drawn = Object.keys(whole).filter((name) => shapes.has(name));
    t.true(drawn.length >= 8);
    const parts = [0, 1].map((rank) => ownParts(whole, gradient, { rank, size: 2 }));
    let divided = 0;
    for (const name of drawn) {
      for (const part of parts) t.deepEqual(part[name].shape, shapes.get(name), name);
      const axis = whole[name].shape.findIndex((d, i) => d !== parts[0][name].shape[i]);
      if (axis < 0) continue;
      divided++;
      const [batch, width] = [s.batchSize, whole[name].shape.slice(axis + 1).reduce((p, d) => p * d, 1)];
      t.is(whole[name].shape[axis], batch);
      for (const [i, x] of Array.from(whole[name].data, Number).entries()) {
        const [image, before] = [Math.floor(i / width) % batch, Math.floor(i / width / batch)];
        const at = (before * (batch / 2) + Math.floor(image / 2)) * width + (i % width);
        t.is(Number(parts[image % 2][name].data[at]), x, `${name}[${i}]`);
      }
    }
    t.true(divided > 0 && divided < drawn.length);
  });
