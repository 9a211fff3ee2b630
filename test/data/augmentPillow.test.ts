/** Against Pillow 12.3 where the fixtures are few: MD5 sums of what it makes of pictures both sides compute. */
import { createHash } from "node:crypto";
import test from "ava";
import { applyOperation, type Operation, type Picture } from "../../src/data/index.js";
import { UsageError } from "../../src/errors.js";

/** Byte i is bits 5 to 12 of 31i² + 7i. */
const texture: Picture = {
  height: 40,
  width: 50,
  channels: 3,
  data: Uint8Array.from({ length: 40 * 50 * 3 }, (_, i) => ((i * i * 31 + i * 7) >> 5) & 255),
};

const everyColour: Picture = {
  height: 4096,
  width: 4096,
  channels: 3,
  data: Uint8Array.from({ length: 3 << 24 }, (_, i) => Math.floor(i / 3) >> (16 - 8 * (i % 3))),
};

/** Every 61st of them. */
const colours: Picture = {
  height: 500,
  width: 550,
  channels: 3,
  data: Uint8Array.from({ length: 3 * 275_000 }, (_, i) => (Math.floor(i / 3) * 61) >> (16 - 8 * (i % 3))),
};

const sums: readonly (readonly [Picture, Operation, string])[] = [
  [texture, { op: "gaussianBlur", sigma: 0.7 }, "35ff4656d9aee8d6a555e5205821e549"],
  [texture, { op: "gaussianBlur", sigma: 1.3 }, "1de18ccaa70190d4a4c2b6853e644bad"],
  [texture, { op: "gaussianBlur", sigma: 1.4 }, "72a92a0c0cda551b6012cc43e646020c"],
  [texture, { op: "gaussianBlur", sigma: 2.1 }, "d8e0cca48c51fe881e848ced07752d85"],
  [texture, { op: "gaussianBlur", sigma: 5.3 }, "0ad3c97770498cdbc4ba84b653d2dea1"],
  [texture, { op: "gaussianBlur", sigma: 127 }, "0eae8ad1d15f3e85f6e5f54512a49a2b"],
  [colours, { op: "hue", factor: -0.1 }, "9288015814ff8b388a4d71527626a28f"],
  [everyColour, { op: "hue", factor: 0.1 }, "7d1795ffdf9ea435aa7497e864349553"],
  [everyColour, { op: "hue", factor: -0.37 }, "016b5c6c060e5c28ec6180a0cbde6fb2"],
  [everyColour, { op: "hue", factor: 0.5 }, "2cb95f1fa603a1520a86eccbdb02614e"],
  [colours, { op: "saturation", factor: 1.3391 }, "58e92ddd6e89c6b51770fe0bf3c6045d"],
];

for (const [picture, operation, expected] of sums) {
  test(`Pillow's bytes: ${JSON.stringify(operation)}`, (t) => {
    t.is(createHash("md5").update(applyOperation(picture, operation).data).digest("hex"), expected);
  });
}

test("a blur wider than its sums hold is refused with its σ", (t) => {
  t.throws(() => applyOperation(texture, { op: "gaussianBlur", sigma: 150 }), {
    instanceOf: UsageError,
    message: /σ 150 pixels is too wide: lower the recipe's views\.blur\.sigma/,
  });
});
