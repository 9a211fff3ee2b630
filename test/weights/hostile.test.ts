/** What a file of weights may not do: run something, take more memory than it has bytes, or pass as whole when it is not. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import test from "ava";
import fc from "fast-check";
import { HcscError } from "../../src/errors.js";
import { openWeights, readWeights } from "../../src/weights/index.js";
import { readPickle } from "../../src/weights/pickle.js";
import { isLegacyTorch, readLegacyTorch, readTorchZip } from "../../src/weights/torchFile.js";
import { torchNames } from "../../src/weights/torchNames.js";
import { writeZip } from "../../src/weights/zip.js";
import { temporary } from "../commands/cli.js";

const bytes = (...parts: (string | number[])[]): Uint8Array =>
  Uint8Array.from(parts.flatMap((p) => (typeof p === "string" ? [...new TextEncoder().encode(p)] : p)));
const le = (n: number): number[] => [n & 255, (n >> 8) & 255, (n >> 16) & 255, (n >>> 24) & 255];
const word = (text: string): (string | number[])[] => ["X", le(text.length), text];
const whole = (n: number): (string | number[])[] => ["J", le(n)];

const file = (...pickle: (string | number[])[]): Uint8Array =>
  writeZip([
    ["archive/data.pkl", bytes([0x80, 2], ...pickle)],
    ["archive/data/0", new Uint8Array(16)],
  ]);
const read = (...pickle: (string | number[])[]) => readTorchZip(file(...pickle), "bad.pth");

/** A state_dict of one tensor with so many numbers in its storage, an offset, a shape and strides. */
const dictionary = (count: number, offset: number, shape: number[], strides: number[]) => [
  "}(",
  ...word("conv1.weight"),
  "ctorch._utils\n_rebuild_tensor_v2\n((",
  ...word("storage"),
  "ctorch\nFloatStorage\n",
  ...word("0"),
  ...word("cpu"),
  ...whole(count),
  "tQ",
  ...whole(offset),
  "(",
  ...shape.flatMap(whole),
  "t(",
  ...strides.flatMap(whole),
  [0x74, 0x89],
  "ccollections\nOrderedDict\n)RtRu.",
];

for (const name of [
  "os.system",
  "posix.system",
  "nt.system",
  "builtins.eval",
  "builtins.exec",
  "builtins.getattr",
  "builtins.__import__",
  "__builtin__.eval",
  "subprocess.Popen",
  "torch.load",
  "torch.hub.load",
  "torch._utils._rebuild_tensor_v3",
  "collections.OrderedDict.__reduce__",
  "constructor.prototype",
  "__proto__.toString",
  "pytorch_lightning.callbacks.Checkpoint",
]) {
  const at = name.lastIndexOf(".");
  const [module, last] = [name.slice(0, at), name.slice(at + 1)];
  test(`${name} is refused by its name, however it is asked for`, (t) => {
    const plain = t.throws(() => read(`c${module}\n${last}\n`, "(", ...word("touch x"), "tR."), {
      instanceOf: HcscError,
    });
    t.true(plain.message.includes(`asks for ${name}, which is none`), plain.message);
    const stacked = t.throws(() => read(...word(module), ...word(last), [0x93], ")", [0x81], "."), {
      instanceOf: HcscError,
    });
    t.true(stacked.message.includes(name), stacked.message);
  });
}

test("no name of the table leads out of it", (t) => {
  for (const [name, { call }] of torchNames) {
    t.regex(name, /^(?:torch|collections|argparse|numpy|_codecs|builtins|__builtin__)\./);
    const made = call?.(["os", "system", new Map(), 1]);
    t.not(typeof made, "function", name);
  }
});

const refused: readonly (readonly [what: string, pickle: (string | number[])[], message: RegExp])[] = [
  ["a call of text", [...word("os.system"), "(", "tR."], /may not be called/],
  ["a call of a kind of storage", ["ctorch\nFloatStorage\n)R."], /torch\.FloatStorage\) may not be called/],
  ["a call without a tuple", ["ccollections\nOrderedDict\nNR."], /no tuple of arguments/],
  ["attributes on a list", ["]}b."], /takes no attributes/],
  ["an instance by an old op", ["(", "ios\nsystem\n."], /op 0x69 at byte 3 is none/],
  ["an extension's code", [[0x82, 1], "."], /op 0x82/],
  ["nothing on the stack", ["0."], /nothing is on the stack/],
  ["a mark taken apart", ["(.", "."], /nothing is on the stack/],
  ["no mark", ["t."], /no mark/],
  ["a memo that is not there", ["h\u0007."], /entry 7 of the memo/],
  ["text longer than the file", ["X", le(0x7fffffff), "a."], /2147483647 bytes are to follow/],
  ["text longer than any file", [[0x8d, 255, 255, 255, 255, 255, 255, 255, 127], "."], /ends in the middle/],
  ["a number of a gigabyte", [[0x8b], le(0x3fffffff), "."], /an integer of 1073741823 bytes/],
  ["a number of 200 bytes", [[0x8a, 200], ".".repeat(250)], /an integer of 200 bytes/],
  ["no end", ["}"], /ends in the middle/],
  ["text that is not UTF-8", [[0x8c, 1, 255], "."], /not UTF-8/],
  ["protocol 9", [[0x80, 9], "."], /protocol 9/],
  ["no dictionary", ["]."], /holds no weights by name/],
  ["a storage that is none", ["(", ...word("module"), "tQ."], /no storage of numbers/],
  ["strides that are none", dictionary(4, 0, [2, 2], [1]), /no proper storage, shape and strides/],
  ["a negative size", dictionary(4, 0, [-2], [1]), /no proper storage, shape and strides/],
];
for (const [what, pickle, message] of refused)
  test(`${what} is refused`, (t) => {
    t.regex(t.throws(() => read(...pickle), { instanceOf: HcscError }).message, message);
  });

for (const [what, view, message] of [
  ["beyond its storage", [4, 1, [2, 2], [2, 1]], /does not lie in a storage of 4/],
  ["blown up by strides of 0", [4, 0, [2_000_000_000], [0]], /does not lie in a storage of 4/],
  ["of a storage of another size", [2_000_000_000, 0, [2], [1]], /has 16 bytes, 8000000000 are needed/],
] as const)
  test(`a tensor ${what} is refused when it is read`, (t) => {
    const tensor = read(...dictionary(view[0], view[1], [...view[2]], [...view[3]])).tensors.get("conv1.weight");
    t.regex(t.throws(() => tensor?.read(), { instanceOf: HcscError }).message, message);
  });

test("a tensor inside its storage is read", (t) => {
  t.deepEqual(
    read(...dictionary(4, 0, [2, 2], [1, 2]))
      .tensors.get("conv1.weight")
      ?.read(),
    new Float32Array(4),
  );
});

test("deep nesting and a bomb of shared lists take time and memory of the file's size", (t) => {
  const depth = 200_000;
  t.throws(() => read("](".repeat(depth), "e".repeat(depth), "."), { instanceOf: HcscError });
  // Thirty lists, each of the one before ten times: 10^30 elements to whoever walks it.
  const bomb = Array.from({ length: 30 }, (_, i) => [
    `](${`h${String.fromCharCode(i)}`.repeat(10)}e`,
    [0x71, i + 1],
  ]).flat();
  const state = dictionary(4, 0, [4], [1]);
  const held = read("}(", ...word("bomb"), "]q\u0000", ...bomb, ...word("state_dict"), ...state.slice(0, -1), "tRuu.");
  t.deepEqual([...held.tensors.keys()], ["conv1.weight"]);
});

test("a file cut off anywhere, or with any byte changed, is refused or read: nothing else", async (t) => {
  for (const name of ["hcsc.pth", "legacy.pth"]) {
    const sound = await readFile(`test/fixtures/weights/${name}`);
    const open = (raw: Uint8Array) => {
      const found = (isLegacyTorch(raw) ? readLegacyTorch : readTorchZip)(raw, name);
      for (const tensor of found.tensors.values()) tensor.read();
    };
    const soundly = (raw: Uint8Array) => {
      try {
        open(raw);
      } catch (error) {
        if (!(error instanceof HcscError)) throw error;
      }
    };
    t.notThrows(() => open(sound));
    fc.assert(
      fc.property(fc.nat(sound.length - 1), fc.integer({ min: 0, max: 255 }), (at, value) => {
        t.throws(() => open(sound.subarray(0, at)), { instanceOf: HcscError });
        const changed = Uint8Array.from(sound);
        changed[at] = value;
        soundly(changed);
      }),
      { numRuns: 150 },
    );
  }
});

test("numbers that changed in a zip are found by its checksums", async (t) => {
  const raw = Uint8Array.from(await readFile("test/fixtures/weights/torchvision.pth"));
  const name = new TextEncoder().encode("torchvision/data/0FB");
  const at = raw.findIndex((_, i) => name.every((byte, j) => raw[i + j] === byte));
  t.true(at > 0);
  const start = Math.ceil((at + name.length) / 64) * 64;
  raw[start] ^= 1;
  const tensor = readTorchZip(raw, "x.pth").tensors.get("conv1.weight");
  t.regex(t.throws(() => tensor?.read()).message, /data\/0 does not have its checksum/);
});

test("other files are told apart by what they are", async (t) => {
  const folder = await temporary();
  const refusal = async (name: string, content: Uint8Array | string): Promise<string> => {
    await writeFile(join(folder, name), content);
    return (await t.throwsAsync(openWeights(join(folder, name)), { instanceOf: HcscError })).message;
  };
  t.regex(
    await refusal("a.pkl", bytes([0x80, 4], "cos\nsystem\n(", ...word("touch x"), "tR.")),
    /Python pickle.*not run/,
  );
  t.regex(await refusal("a.pth", "PK\u0003\u0004 and no more, as it is cut off"), /no directory at its end/);
  t.regex(await refusal("a.txt", "words of more than sixteen letters"), /no file of weights that is known/);
  t.regex(await refusal("b.pth", "PK"), /has 2 bytes/);
  t.regex(
    await refusal(
      "c.pth",
      writeZip([
        ["a/data.pkl", bytes("}.")],
        ["a/constants.pkl", bytes("}.")],
      ]),
    ),
    /TorchScript/,
  );
  t.regex(await refusal("d.pth", writeZip([["a/b", bytes("x")]])), /without data\.pkl/);
  t.regex(await refusal("a.onnx", "no model, but long enough for one"), /a\.onnx.*ONNX/);
  t.regex((await t.throwsAsync(readWeights(join(folder, "none")))).message, /no such file or folder/);
  t.regex((await t.throwsAsync(readWeights(folder))).message, /holds no weights: none of model\.safetensors/);
});

test("a pickle ends where it says, and what follows is another", (t) => {
  const reader = { where: "x", global: () => t.fail() as never, persistent: () => null };
  const two = bytes("N.", "K\u0005.");
  t.deepEqual(readPickle(two, 0, reader), { value: null, end: 2 });
  t.deepEqual(readPickle(two, 2, reader), { value: 5, end: 5 });
});
