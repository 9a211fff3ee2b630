/** `npm run fields`: writes the table of a recipe's fields into README.md, between its marks. */
import { readFile, writeFile } from "node:fs/promises";
import { recipeFieldTable } from "../src/recipe/index.js";

const readme = await readFile("README.md", "utf8");
const between = /(<!-- fields -->\n)[\s\S]*(\n<!-- \/fields -->)/;
await writeFile(
  "README.md",
  readme.replace(between, (_, start, end) => `${start}${recipeFieldTable()}${end}`),
);
