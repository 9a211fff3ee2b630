/** `hcsc duplicates`: images of a set that are nearly the same, and a page to look at them. */
import { Command } from "commander";
import { unitRows } from "../cluster/index.js";
import { alikeGroups } from "../eval/index.js";
import { groupsPage } from "../report/index.js";
import { similarityOn } from "../runtime/index.js";
import { writeAtomically } from "../tensorfile/index.js";
import { encoderWeights, lastSoundCheckpoint, RunFolder } from "../train/index.js";
import { cosine, dataHelp, withEngineOptions } from "./options.js";
import { counted, print } from "./print.js";
import { type EngineFlags, withEngine, withImages } from "./session.js";
import { readableVectors } from "./vectors.js";

interface Flags extends EngineFlags {
  readonly run: string;
  readonly data?: string;
  readonly threshold: number;
  readonly out?: string;
}

export function duplicatesCommand(): Command {
  return withEngineOptions(new Command("duplicates"))
    .description("find groups of images that are nearly the same, by the cosine of the query backbone's features")
    .requiredOption("--run <folder>", "a run folder")
    .option("--data <images>", `default: the images that the run was trained on; ${dataHelp}`)
    .option("--threshold <cosine>", "images of at least this cosine are alike", cosine, 0.995)
    .option("--out <file>", "an HTML page of the groups, to look at")
    .addHelpText(
      "after",
      "\nExamples:\n  hcsc duplicates --run runs/photos --out duplicates.html\n  hcsc duplicates --run runs/photos --data more-photos --threshold 0.99 --json",
    )
    .action(runDuplicates);
}

async function runDuplicates(flags: Flags): Promise<void> {
  const run = await RunFolder.open(flags.run);
  const { recipe, data } = run.description;
  const weights = encoderWeights(await lastSoundCheckpoint(run), "query");
  const { groups, images } = await withEngine(flags, (engine) =>
    withImages(flags.data ?? data, flags, async (session) => {
      const { source, progress } = session;
      const { features, kept } = await readableVectors(engine, recipe, weights, session);
      const blocks = { mostSimilar: await similarityOn(engine) };
      const found = await alikeGroups(unitRows(features), flags.threshold, blocks);
      const groups = found
        .map(({ members, closest }) => ({ images: members.map((row) => kept[row]), cosine: closest.cosine }))
        .sort((a, b) => b.cosine - a.cosine);
      if (flags.out !== undefined) {
        const page = await groupsPage(source, groups, (done, total) => progress("thumbnails", done, total));
        await writeAtomically(flags.out, new TextEncoder().encode(page));
      }
      const named = groups.map((group) => ({ cosine: group.cosine, images: group.images.map(source.name) }));
      return { groups: named, images: kept.length };
    }),
  );
  const many = groups.reduce((sum, group) => sum + group.images.length, 0);
  print(
    flags.json,
    { run: flags.run, data: flags.data ?? data, threshold: flags.threshold, images, page: flags.out ?? null, groups },
    [
      ...groups.flatMap((group) => [group.cosine.toFixed(4), ...group.images.map((name) => `  ${name}`)]),
      `${counted(groups.length, "group")} of ${many} of the ${counted(images, "image")} at a cosine of ${flags.threshold} and more`,
      ...(flags.out === undefined ? [] : [`→ ${flags.out}`]),
    ],
  );
}
