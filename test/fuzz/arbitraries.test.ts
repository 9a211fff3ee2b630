import test from "ava";
import { expandComposites, forDevices, topological } from "../../src/graph/index.js";
import { drawnOps, indirect, sampled } from "./arbitraries.js";
import { graphOf, hasGradient, shown } from "./case.js";

const each = 150;

for (const op of drawnOps)
  test(`cases of ${op} build, with gradients where it has a rule`, (t) => {
    let gradients = 0;
    for (const c of sampled(op, 1, each)) {
      t.notThrows(() => {
        const { outputs } = graphOf(c);
        expandComposites(Object.values(outputs));
        expandComposites(Object.values(outputs), forDevices);
        gradients += Object.keys(outputs).filter((name) => name.includes("/")).length;
      }, shown(c));
    }
    t.is(gradients > 0, hasGradient(op));
  });

for (const [op, through] of indirect)
  test(`${op} is met in gradients of ${through}`, (t) => {
    const met = sampled(through, 1, each).filter((c) =>
      topological(Object.values(graphOf(c).outputs)).some((node) => node.op === op),
    );
    t.true(met.length > each / 4);
  });
