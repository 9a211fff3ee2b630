/** Selection on and off in every combination, given nothing but what it needs; and nothing else matters. */
import test from "ava";
import { replayCase } from "../../src/replay/index.js";
import { chooseTarget, openEngine } from "../../src/runtime/index.js";
import { readTensors } from "../../src/tensorfile/index.js";
import { inputsOf } from "./fixture.js";

const bases = [
  "loss-paper-l3",
  "loss-reference-l3",
  "train-paper-cifar-stem",
  "train-reference-cifar-stem",
  "train-reference-multi-crop",
];
const both = [true, false];
const switches = both.flatMap((instanceSelection) =>
  both.flatMap((prototypeSelection) =>
    both.map((selectionOnLocal) => ({ instanceSelection, prototypeSelection, selectionOnLocal })),
  ),
);

/** Inputs that only a switch needs. */
const needed = { instanceSelection: /uInstance/, prototypeSelection: /uPrototype|parent_/ } as const;

const engine = await openEngine();
const target = await chooseTarget(engine);
test.after(() => engine.close());

for (const base of bases)
  for (const settings of switches) {
    // Single views have no local ones to select for.
    if (!settings.selectionOnLocal && !base.endsWith("multi-crop")) continue;
    const on = Object.entries(settings).flatMap(([name, value]) => (value ? [name] : []));
    test.serial(`${base} with ${on.join(", ") || "nothing"} on needs no more than that`, async (t) => {
      const file = await readTensors(`test/fixtures/${base}.safetensors`);
      const config = { ...JSON.parse(file.metadata.config), ...settings };
      const all = inputsOf(file);
      const unneeded = Object.entries(needed).filter(([name]) => !settings[name as keyof typeof needed]);
      const bare = new Map([...all].filter(([name]) => !unneeded.some(([, pattern]) => pattern.test(name))));
      t.is(bare.size < all.size, unneeded.length > 0);
      const found = await replayCase(config, bare, engine, target);
      await engine.drop();
      t.deepEqual(found, await replayCase(config, all, engine, target));
      await engine.drop();
      for (const [name, { data }] of Object.entries(found))
        t.true(Array.from(data, Number).every(Number.isFinite), name);
    });
  }
