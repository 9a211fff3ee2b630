/** What makes scores on a set worth less than they look: images that were learned from, copies, classes that nothing was learned of. */
import { everyIndex } from "../array.js";
import { describeSource, differenceOf, identityOf, type OpenImages, openSource, overlapOf } from "../data/index.js";
import { type Advice, DataError, UsageError } from "../errors.js";
import { counted } from "../text.js";
import type { RunFolder } from "../train/index.js";

type Described = Pick<OpenImages, "source" | "description">;

/** What of a set a run was trained on: by content, or where the run's images are gone by names and sizes. */
export async function trainedOn(run: RunFolder, { description, source }: Described): Promise<readonly Advice[]> {
  if (run.description.sessions?.length === 0) return []; // imported weights, which no image here has moved
  const { data } = run.description;
  const identity = await run.images();
  const known = await describeSource(data).catch((error) => {
    if (error instanceof DataError || error instanceof UsageError) return null;
    throw error;
  });
  const isThere = known && (!identity || differenceOf(identity, await identityOf(openSource(known))) === null);
  if (isThere) {
    const { same, copies } = await overlapOf(known, description);
    return trainedOnWords([...same, ...copies.map(([i]) => i)], source, "among the images");
  }
  const sizes = new Map(identity?.images);
  const alike = (await identityOf(source)).images.flatMap(([name, bytes], i) =>
    bytes !== null && sizes.get(name) === bytes ? [i] : [],
  );
  return [
    {
      message: `the images that the run was trained on are no longer those of ${data}: which test images are among them is told by names and sizes alone`,
    },
    ...trainedOnWords(alike, source, "by name and size among the images"),
  ];
}

const trainedOnWords = (images: readonly number[], test: OpenImages["source"], how: string): readonly Advice[] =>
  images.length === 0
    ? []
    : [
        {
          message: `${images.length} of the ${counted(test.count, "test image")} are ${how} that the run was trained on (without their labels), the first ${test.name(Math.min(...images))}: scores on images that are new to it may be lower. Train with a part held out`,
          settings: ["split"],
        },
      ];

/** @param train - the images that are learned from */
export async function doubts(train: Described, test: Described): Promise<readonly Advice[]> {
  const { same, copies } = await overlapOf(train.description, test.description);
  const images = counted(test.source.count, "test image");
  const found: Advice[] = [];
  if (same.length > 0)
    found.push({
      message: `${same.length} of the ${images} are among the images to learn from too, the first ${test.source.name(same[0])}: they are classified by themselves, and scores say nothing of new images. Hold a part out`,
      settings: ["split"],
    });
  if (copies.length > 0) {
    const [copy, known] = copies[0];
    found.push({
      message: `${copies.length} of the ${images} are copies of images to learn from, byte for byte, the first ${test.source.name(copy)}, of ${train.source.name(known)}: they are classified by themselves, and scores say less of new images. Remove one of each`,
    });
  }
  return [...found, ...unknownClasses(train, test)];
}

/** Test images of classes that no image to learn from has. */
function unknownClasses(train: Described, { source }: Described): readonly Advice[] {
  const { labels } = source;
  if (!train.source.labels || !labels || !source.classes || !train.source.classes) return [];
  const nameIn =
    ({ classes }: OpenImages["source"]) =>
    (id: number) =>
      classes?.[id] ?? String(id);
  const learned = new Set(
    Array.from(
      train.source.labels.filter((id) => id >= 0),
      nameIn(train.source),
    ),
  );
  const asked = everyIndex(source.count).filter((i) => labels[i] >= 0);
  const unknown = asked.filter((i) => !learned.has(nameIn(source)(labels[i])));
  if (unknown.length === 0) return [];
  return [
    {
      message: `${unknown.length} of the ${counted(asked.length, "labelled test image")} are of classes that no image to learn from has, the first ${nameIn(source)(labels[unknown[0]])}: none of them can be right. A range of a set sorted by class does this; a share held out has some of each class`,
      settings: ["split"],
    },
  ];
}
