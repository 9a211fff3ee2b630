import test from "ava";
import { classNames, shortened } from "../../src/view/classNames.js";

test("nested labels lose their first folders, so that the class stays, but never what tells them apart", (t) => {
  t.deepEqual(shortened(["photos/2024/animals/mammals/red panda", "cat"]), ["…/mammals/red panda", "cat"]);
  const apart = ["an/outer/folder/with/the/class", "other/outer/folder/with/the/class"];
  t.deepEqual(shortened(apart), apart);
  const long = "a class of one folder with a very long name";
  t.deepEqual(shortened([`x/${long}`, "y/cat"]), [`…/${long}`, "y/cat"]);
});

test("classes without names are told by number", (t) => {
  t.deepEqual(classNames({ labels: [0, 2], classes: null }), ["class 0", "class 1", "class 2"]);
  t.deepEqual(classNames({ labels: [0, 1], classes: ["7", "cat"] }), ["class 7", "cat"]);
  t.is(classNames({ labels: null, classes: null }), null);
});
