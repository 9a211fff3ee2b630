/** `config.json` of a Hugging Face folder: what of a transformer no tensor's shape tells. */
import * as z from "zod";
import { CheckpointError, said } from "../errors.js";
import { folderFile } from "./folderFile.js";

const schema = z.looseObject({
  model_type: z.string().optional(),
  num_attention_heads: z.int().positive().optional(),
  hidden_act: z.string().optional(),
});

/**
 * Heads of attention, as a folder says it.
 *
 * @returns null where the path is a file, or the folder does not say it
 * @throws CheckpointError if what it says cannot be read, or is of another kind of network than weights are read of
 */
export async function headsOf(path: string): Promise<number | null> {
  const read = await folderFile(path, "config.json", schema);
  if (!read) return null;
  const { file, found } = read;
  const { num_attention_heads: heads, hidden_act: activation = "gelu" } = found;
  if (heads !== undefined && activation !== "gelu")
    throw new CheckpointError(
      "unknown-format",
      said`${{ file }}: ${{ field: "hidden_act" }} is ${activation}; transformers with gelu are known here`,
    );
  return heads ?? null;
}
