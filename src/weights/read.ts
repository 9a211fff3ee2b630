/** Files of weights, told apart by what is in them. */
import { createHash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { CheckpointError, said, UsageError } from "../errors.js";
import { decodeModel } from "../onnx/index.js";
import { decodeTensors } from "../tensors/index.js";
import { asFloats, type StoredTensor, type WeightsFile } from "./storedTensor.js";
import { isLegacyTorch, readLegacyTorch, readTorchZip } from "./torchFile.js";
import { isZip } from "./zip.js";

interface Format {
  readonly is: (bytes: Uint8Array, path: string) => boolean;
  readonly read: (bytes: Uint8Array, path: string) => WeightsFile;
}

function readSafetensors(bytes: Uint8Array, path: string): WeightsFile {
  const { metadata, tensors } = decodeTensors(bytes, path);
  if (metadata.format?.startsWith("hcsc-checkpoint-"))
    throw new UsageError(
      "unknown-format",
      said`${{ file: path }} is a checkpoint of a run: give the run folder, or export it`,
      { settings: ["run"] },
    );
  return {
    format: "safetensors",
    tensors: new Map(
      [...tensors].map(([name, { shape, data }]): [string, StoredTensor] => [
        name,
        { shape, read: () => asFloats(data) },
      ]),
    ),
  };
}

/** Names that layers give what they learn; a graph's other constants have no such. */
const isLearned = (name: string): boolean =>
  /\.(?:weight|bias|running_mean|running_var)$|(?:^|\.)(?:cls_token|pos_embed)$/.test(name);

function readOnnx(bytes: Uint8Array, path: string): WeightsFile {
  let constants: ReturnType<typeof decodeModel>["constants"];
  try {
    constants = decodeModel(bytes).constants;
  } catch (cause) {
    throw new CheckpointError("unknown-format", said`${{ file: path }}: ${cause as Error}`, { cause });
  }
  const tensors = constants.flatMap(({ name, dtype, shape, data }): [string, StoredTensor][] =>
    dtype === "float32" && isLearned(name)
      ? [[name, { shape, read: () => Float32Array.from(data as Float32Array) }]]
      : [],
  );
  if (!constants.some(({ name }) => /running_var$|qkv\.weight$/.test(name)))
    throw new CheckpointError(
      "wrong-weights",
      said`${{ file: path }} has neither BatchNorm's statistics nor attention's weights by name: exporters fold the ones into the filters, turn the others and name them anew, and they cannot be told apart again. Give the weights that it was made of (model.safetensors), or export it with training=TrainingMode.PRESERVE and do_constant_folding=False`,
    );
  return { format: "ONNX", tensors: new Map(tensors) };
}

/** Tried in this order. */
const formats: readonly Format[] = [
  { is: isZip, read: readTorchZip },
  { is: isLegacyTorch, read: readLegacyTorch },
  {
    is: (bytes) => bytes[8] === 0x7b && new DataView(bytes.buffer, bytes.byteOffset).getUint32(4, true) === 0,
    read: readSafetensors,
  },
  { is: (_, path) => path.endsWith(".onnx"), read: readOnnx },
];

/** Where Hugging Face and transformers.js folders, and our own exports, keep weights. */
const inFolders = ["model.safetensors", "pytorch_model.bin", "encoder.safetensors", "onnx/model.onnx"];

/** The file that a path means: itself, or the weights of a folder. @throws UsageError if there is none */
export async function weightsPath(path: string): Promise<string> {
  const found = await stat(path).catch(() => null);
  if (!found) throw new UsageError("missing", said`${{ file: path }}: there is no such file or folder of weights`);
  if (found.isFile()) return path;
  for (const name of inFolders) {
    const inside = join(path, name);
    if (await stat(inside).catch(() => null)) return inside;
  }
  throw new UsageError(
    "missing",
    said`${{ file: path }} holds no weights: none of ${inFolders.join(", ")} is there. Give a file`,
  );
}

/**
 * Reads a file of weights, or a folder that has one.
 *
 * @param path - .pth or .pt (torch.save, zip or before 1.6), .safetensors, .onnx (its initializers), or a Hugging Face folder
 * @throws UsageError if it is no such file; CheckpointError if it is damaged, or asks for what weights do not need
 */
export async function readWeights(path: string): Promise<WeightsFile & { readonly sha256: string }> {
  const file = await weightsPath(path);
  const bytes = await readFile(file).catch((cause) => {
    throw new CheckpointError("unreadable", said`${{ file }} cannot be read: ${cause.message}`, { cause });
  });
  if (bytes.length < 16)
    throw new CheckpointError("unknown-format", said`${{ file }} has ${bytes.length} bytes: no file of weights`);
  const format = formats.find(({ is }) => is(bytes, file));
  if (format) return { ...format.read(bytes, file), sha256: createHash("sha256").update(bytes).digest("hex") };
  const isPickle = bytes[0] === 0x80 && bytes[1] <= 5;
  throw new UsageError(
    "unknown-format",
    isPickle
      ? said`${{ file }} is a Python pickle and no file of torch.save. It is not run. Save weights with torch.save(model.state_dict(), FILE) or as safetensors`
      : said`${{ file }} is no file of weights that is known: give .pth or .pt (torch.save), .safetensors, .onnx, or a Hugging Face folder`,
  );
}
