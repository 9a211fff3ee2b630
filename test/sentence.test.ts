import test from "ava";
import fc from "fast-check";
import { DataError, said } from "../src/errors.js";

test("a sentence reads as its template does, and its subject holds what it names", (t) => {
  const [file, shape, needed] = ["train.bin", [3, 4], 12];
  const { message, subject } = said`${{ file }} is damaged: ${{ shape }} needs ${needed} bytes, ${[1, 2]} are ${true}`;
  t.is(message, `${file} is damaged: [${shape}] needs ${needed} bytes, ${[1, 2]} are ${true}`);
  t.deepEqual(subject, { file, shape });
});

test("sentences and errors bring their subjects along; of two things of a kind the first stays", (t) => {
  const inner = new DataError("damaged", said`${{ file: "b.csv" }}:${{ line: 3 }}: ${{ field: "label" }} is empty`);
  const outer = said`${{ file: "a.csv" }}: ${inner}; ${said`${{ line: 9 }}`}; ${new Error("and more")}`;
  t.is(outer.message, "a.csv: b.csv:3: label is empty; 9; and more");
  t.deepEqual(outer.subject, { file: "a.csv", line: 3, field: "label" });
  t.deepEqual(new DataError("damaged", "it is").subject, {});
});

const named = fc.oneof(
  fc
    .constantFrom("file", "field", "tensor", "op", "provider")
    .chain((kind) => fc.string().map((value) => ({ part: { [kind]: value }, shown: value }))),
  fc.integer().map((line) => ({ part: { line }, shown: `${line}` })),
  fc.array(fc.nat()).map((shape) => ({ part: { shape }, shown: `[${shape}]` })),
);
const plain = fc
  .oneof(fc.string(), fc.double(), fc.bigInt(), fc.boolean(), fc.constantFrom(null, undefined), fc.array(fc.nat()))
  .map((value) => ({ part: value, shown: `${value}` }));

test("for any words and parts the sentence is the plain template's", (t) => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.string(), fc.oneof(named, plain))), fc.string(), (pieces, last) => {
      const words = [...pieces.map(([word]) => word), last];
      const template = Object.assign(words, { raw: words });
      const { message, subject } = said(template, ...pieces.map(([, { part }]) => part as { file: string }));
      const kinds = pieces.flatMap(([, { part }]) =>
        typeof part === "object" && part !== null && !Array.isArray(part) ? Object.entries(part) : [],
      );
      t.is(message, String.raw({ raw: words }, ...pieces.map(([, { shown }]) => shown)));
      t.deepEqual(subject, Object.fromEntries(kinds.toReversed()));
    }),
  );
});
