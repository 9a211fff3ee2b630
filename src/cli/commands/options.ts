/** Options that several commands take, and how their texts become values. */
import { type Command, InvalidArgumentError, Option } from "commander";

/** A whole number ≥ `least`. */
export const whole =
  (least: number) =>
  (text: string): number => {
    const n = Number(text);
    if (!Number.isInteger(n) || n < least) throw new InvalidArgumentError(`give a whole number of at least ${least}`);
    return n;
  };

export const port = (text: string): number => {
  const n = whole(0)(text);
  if (n > 65535) throw new InvalidArgumentError("give a port from 0 to 65535");
  return n;
};

export const positive = (text: string): number => {
  const x = Number(text);
  if (!(x > 0) || !Number.isFinite(x)) throw new InvalidArgumentError("give a number above 0");
  return x;
};

/** `10,20` */
export const wholeList = (text: string): readonly number[] => text.split(",").map(whole(1));

/** `0.1,1,10` */
export const positiveList = (text: string): readonly number[] => text.split(",").map(positive);

/** A number from 0 to 1. */
export const share = (text: string): number => {
  const x = Number(text);
  if (text.trim() === "" || !(x >= 0 && x <= 1)) throw new InvalidArgumentError("give a number from 0 to 1");
  return x;
};

/** A number from -1 to 1. */
export const cosine = (text: string): number => {
  const x = Number(text);
  if (text.trim() === "" || !(x >= -1 && x <= 1)) throw new InvalidArgumentError("give a cosine from -1 to 1");
  return x;
};

/** All names of a kind. Their table is loaded with the work alone; the compiler sees that none is missing or too many. */
export const named = <Name extends string>(all: Readonly<Record<Name, true>>): readonly Name[] =>
  Object.keys(all) as Name[];

/** Collects a repeated option. */
export const collect = (value: string, before: readonly string[]): readonly string[] => [...before, value];

const brokenHelp =
  "the share of images that may be unreadable, from 0 to 1; of more than one, and of more than this share, it fails. Default 0.01; of embed and organize 1";

/** The engine's options on a command. */
export const withEngineOptions = (command: Command): Command =>
  command
    .option(
      "--provider <name>",
      "where graphs run: cpu, webgpu, cuda, dml, coreml, with :N for one of several devices, or auto (see hcsc doctor)",
      "cpu",
    )
    .addOption(
      new Option("--backend <name>", "what runs the graphs; ort-training is ONNX Runtime's own training build")
        .choices(["onnxruntime-node", "ort-training"])
        .default("onnxruntime-node"),
    )
    .option(
      "--no-cross-check",
      "on other providers than the CPU: do not compare the first run of each program with the CPU's",
    )
    .option("--no-capture", "launch training's steps node by node: cuda records them and plays them again")
    .option("--threads <n>", "threads of the provider; default all cores", whole(1))
    .option(
      "--workers <n>",
      "threads that load images; default 2 beside the CPU's engine, on devices all cores but one",
      whole(1),
    )
    .option("--max-broken <share>", brokenHelp, share);

export const dataHelp =
  "images: a folder (classes are its innermost sub-folders), a part of one (imagenet#train, VOC2007#test), a list (train.csv, .tsv, .jsonl, .txt, .parquet; train.txt#FOLDER where its paths start elsewhere), tar archives or Parquet tables of images (shard-{000..146}.tar, a folder of them, folder#train), IDX or CIFAR files, or synthetic:count=600,size=32; a range picks some, as in data/fashion-mnist[0:8000], or a share: photos[20%], drawn by class, and photos[-20%], the rest; anywhere:photos follows links and paths that lead out of it";
