/** A run's images beside it in the browser's storage, so that it goes on after a reload: one file with all, and where each lies in it. */
import * as z from "zod";
import type { PageImage } from "../../web/index.js";
import type { RunPlace } from "./storage.js";

const files = { pixels: "images.bin", index: "images.json" } as const;
/** Of the room that the browser gives, how much images may take: checkpoints need some. */
const share = 0.7;

const indexSchema = z.object({
  bundled: z.boolean(),
  images: z.array(z.tuple([z.string(), z.int().nonnegative()])),
});

/** What is kept: the files of images, or that they are those served with the page. */
export type KeptImages =
  | { readonly bundled: true }
  | { readonly bundled: false; readonly images: readonly PageImage[] };

/**
 * Keeps images, if there is room.
 *
 * @param images - null: those served with the page
 * @returns in words why they are not kept, or null
 */
export async function keepImages(
  { images: folder }: RunPlace,
  images: readonly PageImage[] | null,
  progress: (done: number, total: number) => void,
): Promise<string | null> {
  const all = images ?? [];
  const wanted = all.flatMap(({ name, image }) => (image instanceof Blob ? [{ name, image }] : []));
  const bytes = wanted.reduce((sum, { image }) => sum + image.size, 0);
  const { quota = 0, usage = 0 } = await navigator.storage.estimate();
  if (bytes > share * (quota - usage)) return notKept(bytes, quota - usage);
  try {
    if (images) await writeAll(folder, wanted, progress);
    await write(folder, files.index, [
      JSON.stringify({ bundled: images === null, images: wanted.map(({ name, image }) => [name, image.size]) }),
    ]);
    return null;
  } catch (error) {
    for (const name of Object.values(files)) await folder.removeEntry(name).catch(() => {});
    if ((error as Error).name === "QuotaExceededError") return notKept(bytes, quota - usage);
    throw error;
  }
}

const notKept = (bytes: number, room: number): string =>
  `the images take ${megabytes(bytes)} and this browser has ${megabytes(room)} left for the page, so they are not copied: after a reload, open them again to go on`;

const megabytes = (bytes: number): string => `${Math.ceil(bytes / 1e6).toLocaleString("en")} MB`;

async function writeAll(
  folder: FileSystemDirectoryHandle,
  images: readonly { readonly image: Blob }[],
  progress: (done: number, total: number) => void,
): Promise<void> {
  async function* pieces(): AsyncGenerator<Blob> {
    for (const [i, { image }] of images.entries()) {
      yield image;
      progress(i + 1, images.length);
    }
  }
  await write(folder, files.pixels, pieces());
}

async function write(
  folder: FileSystemDirectoryHandle,
  name: string,
  pieces: Iterable<string> | AsyncIterable<Blob>,
): Promise<void> {
  const stream = await (await folder.getFileHandle(name, { create: true })).createWritable();
  try {
    for await (const piece of pieces) await stream.write(piece);
  } catch (error) {
    await stream.abort().catch(() => {});
    throw error;
  }
  await stream.close();
}

/** A run's images, if they are kept whole. */
export async function keptImages({ images: folder }: RunPlace): Promise<KeptImages | null> {
  const open = async (name: string): Promise<File | null> =>
    folder
      .getFileHandle(name)
      .then((handle) => handle.getFile())
      .catch(() => null);
  const index = indexSchema.safeParse(
    await open(files.index).then(async (file) => JSON.parse((await file?.text()) ?? "null")),
  );
  if (!index.success) return null;
  if (index.data.bundled) return { bundled: true };
  const all = await open(files.pixels);
  let from = 0;
  const images = index.data.images.map(([name, bytes]) => {
    const image = all?.slice(from, from + bytes) ?? new Blob();
    from += bytes;
    return { name, image };
  });
  return all?.size === from ? { bundled: false, images } : null;
}
