/** Versions of this library and of the runtime, as run folders record them. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);

const packageVersion = (file: string | URL): string =>
  (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version;

export const version = packageVersion(new URL("../../package.json", import.meta.url));

/** This library's, Node's and ONNX Runtime's versions. */
export const versions = (): Readonly<Record<string, string>> => ({
  hcsc: version,
  node: process.versions.node,
  "onnxruntime-node": packageVersion(require.resolve("onnxruntime-node/package.json")),
});
