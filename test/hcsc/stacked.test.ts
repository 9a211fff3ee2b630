import test from "ava";
import {
  concat,
  constant,
  differentiate,
  input,
  inputsOf,
  mean,
  reshape,
  transpose,
  type Value,
} from "../../src/graph/index.js";
import {
  hcscLoss,
  instanceNormalizer,
  type LossInputs,
  type StackedInputs,
  stackedLoss,
} from "../../src/hcsc/index.js";
import { stackInputs, stackOfLevels } from "../../src/programs/hierarchyStack.js";
import { compile, state } from "../../src/programs/index.js";
import { normal, random } from "../../src/random.js";
import { openEngine } from "../../src/runtime/index.js";

const settings = {
  variant: "paper",
  temperature: 0.2,
  instanceSelection: true,
  prototypeSelection: true,
  selectionOnLocal: true,
} as const;
const [batch, width, length] = [5, 8, 20];
const next = random(17);

function unit(rows: number): Float32Array {
  const data = Float32Array.from({ length: rows * width }, () => normal(next));
  for (let r = 0; r < rows; r++) {
    const row = data.subarray(r * width, (r + 1) * width);
    const size = Math.hypot(...row);
    for (let i = 0; i < width; i++) row[i] /= size;
  }
  return data;
}
const drawn = (count: number): Float32Array => Float32Array.from({ length: count }, () => next());

/** The same inputs as the stacked loss takes them. */
function stackedInputs(sizes: readonly number[], inputs: LossInputs): StackedInputs {
  const most = Math.max(...sizes);
  const stackedDraws = (byLevel: readonly Value[]) =>
    reshape(
      concat(
        sizes.map((m, l) => {
          const zeros = (count: number) => constant(new Float32Array(batch * count), [batch, count]);
          return byLevel[l] ? concat([byLevel[l], zeros(most - m)], 1) : zeros(most);
        }),
        0,
      ),
      [sizes.length, batch, most],
    );
  return {
    ...inputs,
    stack: stackInputs(sizes, width),
    draws: {
      instance: transpose(inputs.draws.instance as Value, [1, 0, 2]),
      prototype: inputs.draws.prototype.map(stackedDraws),
    },
  };
}

/** Sizes of the levels, how many of each are prototypes, and the number of views. */
const cases = [
  { sizes: [12, 6, 3], counts: [12, 6, 3], views: 1 },
  { sizes: [9, 7, 4], counts: [6, 5, 4], views: 3 },
  { sizes: [5, 8], counts: [5, 6], views: 2 },
] as const;

for (const { sizes, counts, views } of cases)
  test(`all levels of [${sizes}] at once, ${counts} of them filled, give the loss, gradients and shares of one by one, ${views} views`, async (t) => {
    const given: Record<string, { shape: readonly number[]; data: Float32Array | Int32Array }> = {};
    const fed = (name: string, shape: readonly number[], data: Float32Array | Int32Array): Value => {
      given[name] = { shape, data };
      return input(name, shape, data instanceof Int32Array ? "int32" : "float32");
    };
    const all = Array.from({ length: views }, (_, v) => fed(`view${v}`, [batch, width], unit(batch)));
    const below = sizes.slice(0, -1);
    const inputs: LossInputs = {
      views: all,
      keys: fed("keys", [batch, width], unit(batch)),
      queue: fed("queue", [length, width], unit(length)),
      queueNormalizer: fed("queueNormalizer", [length, sizes.length], drawn(length * sizes.length)),
      levels: sizes.map((m, l) => ({
        prototypes: fed(state.prototypes(l), [m, width], unit(m)),
        temperature: fed(
          state.temperature(l),
          [m],
          drawn(m).map((x) => 0.1 + 0.3 * x),
        ),
        count: fed(state.count(l), [], Float32Array.of(counts[l])),
        parent:
          l < below.length
            ? fed(
                state.parent(l),
                [m],
                Int32Array.from({ length: m }, (_, i) => i % counts[l + 1]),
              )
            : null,
        normalizer:
          l < below.length
            ? fed(
                state.prototypeNormalizer(l),
                [m],
                drawn(m).map((x) => 1 + x),
              )
            : null,
        assignment: null,
        maxAssignment: null,
      })),
      draws: {
        instance: fed("draws", [batch, sizes.length, length], drawn(batch * sizes.length * length)),
        prototype: all.map((_, v) => below.map((m, l) => fed(`draws${v}/${l}`, [batch, m], drawn(batch * m)))),
      },
    };
    const stack = (values: readonly Value[]) =>
      concat(
        values.map((x) => reshape(x, [1])),
        0,
      );
    const apart = hcscLoss(settings, inputs);
    const stacked = stackedLoss(settings, stackedInputs(sizes, inputs));
    Object.assign(given, stackOfLevels(given));
    const pairs: Record<string, readonly [Value, Value]> = {
      total: [apart.total, stacked.total],
      terms: [stack(apart.terms), stacked.terms],
      instanceKept: [mean(apart.instanceMask as Value, [0, 2]), stacked.instanceKept as Value],
      prototypeKept: [stack(apart.prototypeKeepFractions), stacked.prototypeKept],
      keyNormalizer: [
        concat(
          inputs.levels.map((level) => instanceNormalizer(settings, inputs.keys, level)),
          1,
        ),
        stacked.keyNormalizer as Value,
      ],
    };
    const gradients = [apart.total, stacked.total].map((total) => differentiate(total, all));
    for (const v of all.keys()) pairs[`gradient${v}`] = [gradients[0][v], gradients[1][v]];
    const outputs = Object.fromEntries(
      Object.entries(pairs).flatMap(([name, [a, b]]) => [
        [`${name}/apart`, a] as const,
        [`${name}/stacked`, b] as const,
      ]),
    );
    const engine = await openEngine();
    t.teardown(() => engine.close());
    const { model } = compile(
      { name: "both", inputs: inputsOf(Object.values(outputs)), outputs },
      { kind: "portable" },
    );
    await engine.load("both", model);
    const out = await engine.run("both", given, Object.keys(outputs));
    for (const name of Object.keys(pairs)) {
      const [a, b] = [out[`${name}/apart`], out[`${name}/stacked`]];
      t.deepEqual(b.shape, a.shape, name);
      for (const [i, x] of Array.from(a.data, Number).entries())
        t.true(
          Math.abs(Number(b.data[i]) - x) < 2e-6 * Math.max(1, Math.abs(x)),
          `${name}[${i}]: ${b.data[i]} against ${x}`,
        );
    }
    const kept = Array.from(out["prototypeKept/apart"].data, Number);
    t.true(kept.every((x) => x >= 0 && x <= 1));
  });
