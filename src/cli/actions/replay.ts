/** `hcsc replay`: computes a fixture's case from its inputs. */
import { CheckpointError, said } from "../../errors.js";
import { replayCase } from "../../replay/index.js";
import { chooseTarget } from "../../runtime/index.js";
import { readTensors, writeTensors } from "../../tensorfile/index.js";
import { print } from "../print.js";
import { type EngineFlags, withEngine } from "./session.js";

export async function run(from: string, to: string, flags: EngineFlags & { readonly json?: boolean }): Promise<void> {
  const { metadata, tensors } = await readTensors(from);
  const inputs = new Map([...tensors].filter(([name]) => !name.startsWith("out.")));
  const outputs = await withEngine(flags, async (engine) =>
    replayCase(settingsOf(metadata.config, from), inputs, engine, await chooseTarget(engine)),
  );
  await writeTensors(to, outputs);
  print(flags.json, { file: to, outputs: Object.keys(outputs) }, [`${Object.keys(outputs).length} outputs → ${to}`]);
}

function settingsOf(text: string | undefined, file: string): Record<string, unknown> {
  try {
    return JSON.parse(text ?? "");
  } catch (cause) {
    throw new CheckpointError(
      "unknown-format",
      said`${{ file }}: its metadata holds no settings (\`config\`, a string of JSON): give a fixture's case`,
      { cause },
    );
  }
}
