/** `config.json` of a Hugging Face folder: what of a transformer no tensor's shape tells. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { CheckpointError, said } from "../errors.js";

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
  const file = join(path, "config.json");
  const text = await readFile(file, "utf8").catch(() => null);
  if (text === null) return null;
  let found: z.infer<typeof schema>;
  try {
    found = schema.parse(JSON.parse(text));
  } catch (cause) {
    const reason = cause instanceof z.ZodError ? z.prettifyError(cause) : (cause as Error).message;
    throw new CheckpointError("unreadable", said`${{ file }} cannot be read: ${reason}`, { cause });
  }
  const { num_attention_heads: heads, hidden_act: activation = "gelu" } = found;
  if (heads !== undefined && activation !== "gelu")
    throw new CheckpointError(
      "unknown-format",
      said`${{ file }}: ${{ field: "hidden_act" }} is ${activation}; transformers with gelu are known here`,
    );
  return heads ?? null;
}
