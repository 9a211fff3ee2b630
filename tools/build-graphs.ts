/** `npm run graphs [RECIPE…]`: emits the artifacts of the named recipes, or of all that come with the package, into graphs/. */
import { program } from "../src/cli/program.js";
import { bundledRecipes } from "../src/cli/recipes.js";

const named = process.argv.slice(2);
for (const recipe of named.length > 0 ? named : await bundledRecipes()) {
  await program().parseAsync(["build", recipe], { from: "user" });
}
