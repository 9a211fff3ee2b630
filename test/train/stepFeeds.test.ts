import test from "ava";
import { stepPrograms } from "../../src/programs/index.js";
import { parseRecipe } from "../../src/recipe/index.js";
import { SelectionDraws } from "../../src/train/draws.js";
import { planOf } from "../../src/train/plan.js";
import { stepFeeds } from "../../src/train/stepFeeds.js";
import { settings } from "../programs/smallStep.js";

const [batchSize, imageSize, clusters] = [64, 224, [3000, 2000, 1000]];
const recipe = parseRecipe(
  {
    name: "large",
    encoder: { backbone: "resnet50", imageSize },
    method: { queue: 16_384, clusters },
    epochs: 1,
    batchSize,
  },
  "large",
);

test("a step of ResNet-50, batch 64, 224 px, queue 16,384 and three levels is fed no more than 21 MB", (t) => {
  const plan = planOf(recipe, 10_000);
  const [program] = stepPrograms(plan.settings, "selective", { kind: "portable" });
  const view = new Uint8Array(batchSize * 3 * imageSize ** 2);
  const batch = { indices: new Int32Array(batchSize), views: [view, view], release: () => {} };
  const draws = new SelectionDraws(plan.settings, 0, program).of(0);
  const assignments = clusters.map(() => new Int32Array(10_000));
  const fed = stepFeeds(plan, { epoch: 0, batch: 0, step: 0, enqueued: 0 }, program, batch, assignments, draws);
  const bytes = Object.values(fed).reduce((sum, { data }) => sum + data.byteLength, 0);
  t.log(`${(bytes / 1e6).toFixed(2)} MB`);
  t.true(bytes >= 2 * view.length && bytes <= 21e6, `${bytes} bytes`);
  const held = new Set([...Object.keys(program.state), ...Object.keys(fed)]);
  const missing = program.inputs.filter(({ name }) => !held.has(name)).map(({ name }) => name.split("/")[0]);
  const byClustering = ["prototypes", "temperature", "count", "parent", "prototypeNormalizer"];
  t.deepEqual(
    [...new Set(missing)].filter((name) => !byClustering.includes(name)),
    [],
  );
});

for (const target of [{ kind: "portable" }, { kind: "device", precision: "fp32" }] as const)
  test(`all draws that a step with local views takes are made, of its shapes, compiled ${target.kind}`, (t) => {
    const s = { ...settings, clusters: [6, 4, 3], localSizes: [6, 6] };
    const [program] = stepPrograms(s, "selective", target);
    const wanted = program.inputs.filter(({ name }) => name.startsWith("draws/"));
    const drawn = new SelectionDraws(s, 0, program).of(0);
    t.true(wanted.length >= 4 * (1 + 3));
    for (const { name, shape } of wanted) t.deepEqual(drawn[name]?.shape, shape, name);
  });
