/** `hcsc duplicates`: images of a set that are nearly the same, and a page to look at them. */
import { alikeImages } from "../../encoder/index.js";
import { groupsPage } from "../../publish/index.js";
import { writeAtomically } from "../../tensorfile/index.js";
import { counted } from "../../text.js";
import { print } from "../print.js";
import { onRun, type RunFlags } from "./session.js";

interface Flags extends RunFlags {
  readonly threshold: number;
  readonly out?: string;
}

export async function run(flags: Flags): Promise<void> {
  const { groups, images, data } = await onRun(flags, async (learner) => {
    const { images } = learner;
    const { source, progress } = images;
    const found = await alikeImages(await learner.encoder(), images, flags.threshold);
    if (flags.out !== undefined) {
      const page = await groupsPage(source, found.groups, (done, total) => progress("thumbnails", done, total));
      await writeAtomically(flags.out, new TextEncoder().encode(page));
    }
    const named = found.groups.map((group) => ({ cosine: group.cosine, images: group.images.map(source.name) }));
    return { groups: named, images: found.images, data: flags.data ?? images.name };
  });
  const many = groups.reduce((sum, group) => sum + group.images.length, 0);
  print(flags.json, { run: flags.run, data, threshold: flags.threshold, images, page: flags.out ?? null, groups }, [
    ...groups.flatMap((group) => [group.cosine.toFixed(4), ...group.images.map((name) => `  ${name}`)]),
    `${counted(groups.length, "group")} of ${many} of the ${counted(images, "image")} at a cosine of ${flags.threshold} and more`,
    ...(flags.out === undefined ? [] : [`→ ${flags.out}`]),
  ]);
}
