/** The model of `npm run bench -- --ranks`, by laws, by hand, and beside what was measured on two processes. */
import { readFileSync } from "node:fs";
import test from "ava";
import fc from "fast-check";
import { loadRecipe } from "../../src/presets/index.js";
import { stepCost, summedBytes, sumSeconds, total, volumeOf } from "../../tools/bench/rankModel.js";

const resnet50 = await loadRecipe("imagenet-resnet50", []);
/** torchvision's ResNet-50 without its classifier of 1,000, with MoCo v2's head; and its running means and variances, of both encoders. */
const parameters = 25_557_032 - 2_049_000 + (2048 * 2048 + 2048) + (2048 * 128 + 128);
const statistics = 53_120;

test("what a step sends is what is known of the network, the images and the keys", (t) => {
  t.is(summedBytes(resnet50), 4 * (parameters + 2 * statistics));
  const { sums, images, keys } = volumeOf(resnet50, 256, 8);
  t.is(sums, 2 * (7 / 8) * summedBytes(resnet50));
  t.is(images, 32 * (7 / 8) * 3 * 224 * 224);
  t.is(keys, 32 * 7 * 128 * 4);
  t.deepEqual(volumeOf(resnet50, 256, 1), { sums: 0, images: 0, keys: 0 });
});

test("a sum costs nothing alone, at most twice its bytes on any number, and more for more bytes or a worse network", (t) => {
  const bytes = fc.integer({ min: 1, max: 1e9 });
  const processes = fc.integer({ min: 1, max: 4096 });
  const network = fc.record({
    name: fc.constant(""),
    latency: fc.double({ min: 1e-7, max: 1e-3, noNaN: true }),
    bandwidth: fc.double({ min: 1e6, max: 1e12, noNaN: true }),
  });
  fc.assert(
    fc.property(bytes, processes, network, (b, n, net) => {
      const seconds = sumSeconds(b, n, net);
      if (n === 1) return seconds === 0;
      const { latency, bandwidth } = net;
      return (
        seconds <= 2 * Math.log2(n) * latency + (2 * b) / bandwidth + 1e-12 &&
        seconds <= sumSeconds(2 * b, n, net) &&
        seconds <= sumSeconds(b, n, { ...net, latency: 2 * latency }) &&
        seconds >= b / bandwidth / 1.0000001
      );
    }),
  );
  t.pass();
});

test("one process computes and no more; with many of one batch each computes its part", (t) => {
  const machine = { name: "", trained: 100, embedded: 400, flops: 1e10 };
  const network = { name: "", latency: 1e-5, bandwidth: 1e9 };
  t.is(total(stepCost(resnet50, 256, 1, machine, network)), 2.56);
  t.is(stepCost(resnet50, 256, 8, machine, network).compute, 0.32);
});

test("two processes were measured to send what the model says, but for TCP's headers and the watch", (t) => {
  const { rows } = JSON.parse(readFileSync("bench/ranks.json", "utf8"));
  const measured = rows.filter(({ name }: { readonly name: string }) => name.startsWith("ranks: "));
  t.is(measured.length, 3);
  for (const { name, sentMB, theoryMB } of measured) t.true(sentMB / theoryMB > 0.99 && sentMB / theoryMB < 1.1, name);
});
