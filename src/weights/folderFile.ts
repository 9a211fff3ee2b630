/** JSON files of a Hugging Face folder, each read for what is needed of it. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { CheckpointError, said } from "../errors.js";

/**
 * What a folder's file says, by a schema, and where it stands.
 *
 * @param path - the folder; or a file, which has none
 * @returns null where there is no such file
 * @throws CheckpointError if what it says cannot be read
 */
export async function folderFile<T extends z.ZodType>(
  path: string,
  name: string,
  schema: T,
): Promise<{ readonly file: string; readonly found: z.infer<T> } | null> {
  const file = join(path, name);
  const text = await readFile(file, "utf8").catch(() => null);
  if (text === null) return null;
  try {
    return { file, found: schema.parse(JSON.parse(text)) };
  } catch (cause) {
    const reason = cause instanceof z.ZodError ? z.prettifyError(cause) : (cause as Error).message;
    throw new CheckpointError("damaged", said`${{ file }} cannot be read: ${reason}`, { cause });
  }
}
