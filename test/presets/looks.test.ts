import test from "ava";
import sharp from "sharp";
import { autoRecipe, doubtsOf, loadRecipe, lookAt, suited } from "../../src/presets/index.js";
import { folder, open } from "../data/layout.js";

test("the demo on a few colour images is told that it sees grey, and its levels are made to fit", async (t) => {
  const { recipe, notes } = await suited(await loadRecipe("demo", []), await open("synthetic:count=200,size=32"));
  t.deepEqual(recipe.method.clusters, [10, 5, 2]);
  t.is(notes.length, 2);
  t.regex(notes[0].message, /200 images are too few for method\.clusters \[100, 50, 20\].*\[10, 5, 2\] is taken/);
  t.regex(notes[1].message, /sees grey alone.*encoder\.channels=3/);
});

test("auto says what it saw and what it took; overrides win", async (t) => {
  const set = await open("synthetic:count=300,size=48");
  const { recipe, notes } = await autoRecipe(set, ["epochs=7", "method.queue=40"]);
  t.like(recipe, { name: "small", epochs: 7, encoder: { imageSize: 48, channels: 3 } });
  t.like(recipe.method, { queue: 40, warmupEpochs: 1 }, "the warm-up is a fifth of the epochs asked for");
  t.regex(notes[0].message, /300 images, in colour, of 48 px: small, with /);
});

test("grey images saved in colour are grey", async (t) => {
  const grey = await sharp({ create: { width: 9, height: 9, channels: 3, background: "#777777" } })
    .png()
    .toBuffer();
  t.deepEqual(await lookAt(await open(await folder({ "a.png": grey }))), { images: 1, side: 9, isColour: false });
});

test("a recipe that is all warm-up is told that it clusters nothing", async (t) => {
  const of = async (...overrides: string[]) => doubtsOf(await loadRecipe("small", overrides));
  t.regex((await of("epochs=20"))[0]?.message ?? "", /all 20 epochs are warm-up .*method\.warmupEpochs=4/);
  t.deepEqual(await of("epochs=21"), []);
  t.deepEqual(await of("epochs=20", "method.clusters=[]"), []);
});
