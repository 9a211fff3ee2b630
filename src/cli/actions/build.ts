/** `hcsc build`: emits a recipe's graphs as ONNX files. */

import { emitGraphs, type GraphFormat } from "../../disk/index.js";
import { loadRecipe } from "../../presets/index.js";
import { duration, table } from "../../text.js";
import { print } from "../print.js";

interface Flags {
  readonly out?: string;
  readonly format: GraphFormat;
  readonly set: readonly string[];
  readonly json?: boolean;
}

export async function run(name: string, options: Flags): Promise<void> {
  const began = performance.now();
  const recipe = await loadRecipe(name, options.set);
  const { folder, files } = await emitGraphs(recipe, options.format, options.out);
  const seconds = (performance.now() - began) / 1000;
  const rows = files.map((f) => [f.file, `${(f.bytes / 1024).toFixed(0)} KiB`]);
  print(options.json, { recipe: recipe.name, folder, files, seconds }, [
    ...table([["file", "size"], ...rows]),
    `written to ${folder} in ${duration(seconds)}`,
  ]);
}
