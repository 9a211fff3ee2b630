/** Options of the commands that take weights from elsewhere. */
import { type Command, InvalidArgumentError } from "commander";
import { whole } from "./options.js";

export const weightsHelp =
  ".pth or .pt of PyTorch (never run), .safetensors, .onnx, or a Hugging Face folder, with the names of torchvision, timm, MoCo, PCL, HCSC, DINO, solo-learn, lightly or Hugging Face";
export const partialHelp = "take what fits of the weights, and say what is left out; else all of the backbone must fit";

/** `--run` or, in its place, `--weights` of a command on an encoder. */
export const withEncoderOptions = (command: Command): Command =>
  command
    .option("--run <folder>", "a run folder")
    .option("--weights <file>", `in place of --run: weights from elsewhere: ${weightsHelp}`)
    .option(
      "--size <px>",
      "with --weights: side of the images; default as the folder says, else 224, or 32 of a 3×3 stem",
      side,
    );

const side = (text: string): number => {
  const size = whole(8)(text);
  if (size > 4096) throw new InvalidArgumentError("give a side from 8 to 4096");
  return size;
};
