/**
 * `npm run graphs [RECIPE…] [-- --format ort-training]`: emits the artifacts of the named recipes, or of all that come with the
 * package, into graphs/. Options are those of `hcsc build`.
 */

import { bundledNames } from "../src/cli/bundled.js";
import { program } from "../src/cli/program.js";

const given = process.argv.slice(2);
const options = given.slice(given.findIndex((a) => a.startsWith("-")) >>> 0);
const named = given.slice(0, given.length - options.length);
for (const recipe of named.length > 0 ? named : await bundledNames("recipe")) {
  await program().parseAsync(["build", recipe, ...options], { from: "user" });
}
