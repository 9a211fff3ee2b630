/**
 * `npm run graphs [RECIPE…] [-- --format ort-training]`: emits the artifacts of the named recipes, or of all that come with the
 * package, into graphs/.
 */
import { parseArgs } from "node:util";
import { emitGraphs, type GraphFormat, graphFormats } from "../src/disk/index.js";
import { UsageError } from "../src/errors.js";
import { bundledNames, loadRecipe } from "../src/presets/index.js";
import { asText, table } from "../src/text.js";

const { values: flags, positionals: named } = parseArgs({
  allowPositionals: true,
  options: {
    format: { type: "string", default: "onnx" },
    set: { type: "string", multiple: true, default: [] },
    json: { type: "boolean", default: false },
  },
});
if (!(flags.format in graphFormats))
  throw new UsageError("wrong-value", `no format ${flags.format}: ${Object.keys(graphFormats)}`);

for (const name of named.length > 0 ? named : await bundledNames("recipe")) {
  const { folder, files } = await emitGraphs(await loadRecipe(name, flags.set), flags.format as GraphFormat);
  const rows = files.map((f) => [f.file, `${(f.bytes / 1024).toFixed(0)} KiB`]);
  process.stdout.write(asText(flags.json, { folder, files }, [...table([["file", "size"], ...rows]), `→ ${folder}`]));
}
