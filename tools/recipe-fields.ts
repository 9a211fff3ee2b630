/** `npm run fields`: writes the table of a recipe's fields into docs/recipes.md, between its marks. */
import { readFile, writeFile } from "node:fs/promises";
import { recipeFieldTable } from "../src/recipe/index.js";

const page = await readFile("docs/recipes.md", "utf8");
const between = /(<!-- fields -->\n)[\s\S]*(\n<!-- \/fields -->)/;
await writeFile(
  "docs/recipes.md",
  page.replace(between, (_, start, end) => `${start}${recipeFieldTable()}${end}`),
);
