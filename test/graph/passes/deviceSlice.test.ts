import test from "ava";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { apply, buildModel, deviceForm, input, ints } from "../../../src/graph/index.js";

test("slices backwards keep their elements in the device's form, whatever their bounds", async (t) => {
  for (const size of [1, 2, 5]) {
    const x = input("x", [size]);
    const bounds = [-7, -3, -2, -1, 0, 1, 4, 2 ** 31 - 1].flatMap((from) =>
      [-(2 ** 31), -4, -2, -1, 0, 3].flatMap((to) => [-1, -2].map((step) => [from, to, step])),
    );
    const slices = bounds.map(([from, to, step]) => apply("Slice", [x, ...[from, to, 0, step].map((n) => ints([n]))]));
    const made = deviceForm(slices);
    const outputs = Object.fromEntries([...slices, ...made].map((v, i) => [`y${i}`, v]));
    const session = await InferenceSession.create(buildModel({ name: "slices", inputs: [x], outputs }));
    const data = Float32Array.from({ length: size }, (_, i) => i + 1);
    const found = await session.run({ x: new Tensor("float32", data, [size]) });
    for (const [i, b] of bounds.entries())
      t.deepEqual(found[`y${i + slices.length}`].data, found[`y${i}`].data, `${size}: ${b}`);
    await session.release();
  }
});
