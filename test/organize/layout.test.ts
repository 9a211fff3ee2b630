import test from "ava";
import fc from "fast-check";
import { layout } from "../../src/organize/index.js";

const entry = (name: string, clusters: readonly number[], isFile = true) => ({
  name,
  file: isFile ? `/photos/${name}` : null,
  clusters,
});

test("the coarsest level is outermost, ids as wide as the level's last", (t) => {
  const images = [entry("photo.jpg", [254, 17, 3]), entry("deep/in/a.PNG", [0, 0, 0]), entry("b.jpg", [999, 99, 10])];
  t.deepEqual(layout(images, [1000, 100, 11]), ["03/17/254/photo.jpg", "00/00/000/a.PNG", "10/99/999/b.jpg"]);
  t.deepEqual(layout([entry("a.jpg", [0])], [1]), ["0/a.jpg"]);
  t.deepEqual(layout([entry("a.jpg", [9]), entry("a.jpg", [3])], [10]), ["9/a.jpg", "3/a.jpg"]);
});

test("images of one name in one folder are numbered, past the names that are there", (t) => {
  const images = ["cat/1.jpg", "dog/1.jpg", "cow/1.JPG", "cat/1-2.jpg", "elk/1.jpg"].map((name) => entry(name, [0]));
  t.deepEqual(layout(images, [2]), ["0/1.jpg", "0/1-2.jpg", "0/1-3.JPG", "0/1-2-2.jpg", "0/1-4.jpg"]);
});

test("images that are no files become PNGs named for what the set calls them", (t) => {
  const images = [entry("disc/red/plain#0", [1], false), entry("train-images.gz#12", [1], false)];
  t.deepEqual(layout(images, [2]), ["1/disc-red-plain-0.png", "1/train-images.gz-12.png"]);
});

test("no two images meet, even where upper and lower case are one, and each keeps its extension", (t) => {
  const names = fc.stringMatching(/^[ab/A-]{0,3}[aA1-]{1,3}(-2)?\.(jpg|JPG|png)$/);
  const images = fc.array(fc.tuple(names, fc.integer({ min: 0, max: 2 })), { maxLength: 40 });
  fc.assert(
    fc.property(images, (drawn) => {
      const paths = layout(
        drawn.map(([name, cluster]) => entry(name, [cluster])),
        [3],
      );
      t.is(new Set(paths.map((p) => p.toLowerCase())).size, drawn.length);
      for (const [i, [name, cluster]] of drawn.entries()) {
        t.true(paths[i].startsWith(`${cluster}/`));
        t.is(paths[i].slice(-4), name.slice(-4));
      }
    }),
  );
});
