import test from "ava";
import { XMLParser, XMLValidator } from "fast-xml-parser";
import sharp from "sharp";
import { overrideRecipe, parseRecipe } from "../../src/recipe/index.js";
import { plotOf } from "../../src/sweep/plot.js";
import type { Group } from "../../src/sweep/results.js";
import { tinyRecipe } from "../commands/cli.js";

const group = (name: string, change: string, knnAfter: number, deviation = 0): Group => ({
  name,
  recipe: parseRecipe(overrideRecipe(tinyRecipe, [change]), "tiny"),
  seeds: deviation > 0 ? [0, 1] : [0],
  measures: {
    loss: { mean: 3, deviation: 0 },
    knnBefore: { mean: 50, deviation: 0 },
    knnAfter: { mean: knnAfter, deviation },
    ami: null,
    seconds: { mean: 9, deviation: 0 },
  },
});

interface Node {
  readonly [name: string]: unknown;
}

/** Elements of a name anywhere in a tree, with what is in them. */
const all = (tree: unknown, name: string): Node[] =>
  tree === null || typeof tree !== "object"
    ? []
    : Object.entries(tree).flatMap(([key, value]) => [
        ...(key === name ? [value].flat().map((v) => (typeof v === "object" ? v : { "#text": v })) : []),
        ...all(value, name),
      ]);

function parsed(svg: string) {
  const tree = new XMLParser({ ignoreAttributes: false, parseTagValue: false }).parse(svg);
  return { tree, texts: all(tree, "text").map((e) => e["#text"] as string) };
}

test("named runs are bars as long as their values, which are written beside them", async (t) => {
  const groups = [group('a <b> & "c"', "epochs=1", 40), group("full", "epochs=2", 80, 1.25)];
  const svg = await plotOf("Parts & wholes", groups, false);
  t.true(XMLValidator.validate(svg) === true);
  const { tree, texts } = parsed(svg);
  t.is(tree.svg["@_xmlns"], "http://www.w3.org/2000/svg");
  for (const text of ["40.0", "80.0 ± 1.3", "full", "Parts &amp; wholes", "kNN top-1 after training (%)"])
    t.true(
      texts.some((x) => x === text || x.replaceAll("&amp;", "&") === text.replaceAll("&amp;", "&")),
      `${text}: ${texts}`,
    );
  const bars = all(tree, "g").find((g) => String(g["@_class"]).includes("bar")) as Node;
  const [short, long] = all(bars, "rect").map((r) => Number(r["@_width"]));
  t.true(Math.abs(long / short - 2) < 0.01, `${short} ${long}`);
});

test("a grid over one number is a line through a point a value; over words it is bars", async (t) => {
  const line = await plotOf(
    "t",
    [0.1, 0.2, 0.4].map((x, i) => group(`${x}`, `method.temperature=${x}`, 60 + i)),
    true,
  );
  t.true(XMLValidator.validate(line) === true);
  const { tree, texts } = parsed(line);
  t.is(all(tree, "circle").length, 3);
  const x = all(tree, "circle").map((c) => Number(c["@_cx"]));
  t.true(Math.abs((x[2] - x[1]) / (x[1] - x[0]) - 2) < 0.01, `${x}`);
  for (const text of ["60.0", "61.0", "62.0", "0.1", "0.4", "temperature →"]) t.true(texts.includes(text), text);
  const kinds = ["paper", "reference"].map((v) => group(v, `method.variant=${v}`, 70));
  t.is(all(parsed(await plotOf("v", kinds, true)).tree, "circle").length, 0);
});

test("the picture has a background of its own, and is drawn by a renderer that knows no themes", async (t) => {
  const svg = await plotOf("t", [group("a", "epochs=1", 70), group("b", "epochs=2", 71)], false);
  t.regex(svg, /prefers-color-scheme: dark/);
  const { data, info } = await sharp(Buffer.from(svg)).raw().toBuffer({ resolveWithObject: true });
  t.deepEqual([...data.subarray(0, 3)], [255, 255, 255]);
  const blue = Array.from({ length: info.width * info.height }, (_, i) => data.subarray(i * info.channels)).filter(
    ([r, g, b]) => b > r + 60 && b > g + 20,
  );
  t.true(blue.length > 0.1 * info.width * info.height, "bars are drawn in colour");
});
