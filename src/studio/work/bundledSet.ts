/** The set that is served with the page: Fashion-MNIST's test images, under the names that they have in Node. */
import { unlabelled } from "../../data/layout/index.js";
import { DataError, said } from "../../errors.js";
import type { OpenedFiles } from "./files.js";

const folder = "data/fashion-mnist";
const images = "t10k-images-idx3-ubyte.gz";
const labels = "t10k-labels-idx1-ubyte.gz";

/** What the set's makers call its classes, which its files only number. */
const classes = [
  "T-shirt",
  "trousers",
  "pullover",
  "dress",
  "coat",
  "sandal",
  "shirt",
  "sneaker",
  "bag",
  "ankle boot",
] as const;

/** @param base - where the page's scripts are served */
export async function bundledSet(base: string): Promise<OpenedFiles> {
  const [pixels, kinds] = await Promise.all([images, labels].map((name) => idx(new URL(`${folder}/${name}`, base))));
  const [count, height, width] = pixels.shape;
  const size = height * width;
  const ids = Int32Array.from(kinds.data);
  return {
    name: folder,
    images: Array.from({ length: count }, (_, i) => ({
      name: `${images}#${i}`,
      image: { width, height, channels: 1, data: pixels.data.subarray(i * size, (i + 1) * size) },
    })),
    skipped: [],
    label: () => ({ ...unlabelled, labels: ids, classes }),
  };
}

/** An IDX file of bytes, which comes zipped, or unzipped on the way. */
async function idx(url: URL): Promise<{ readonly shape: readonly number[]; readonly data: Uint8Array }> {
  const response = await fetch(url).catch((cause) => {
    throw new DataError("missing", said`${{ file: url.pathname }} cannot be fetched: ${(cause as Error).message}`, {
      cause,
    });
  });
  if (!response.ok)
    throw new DataError("missing", said`${{ file: url.pathname }} is not served with the page (${response.status})`);
  let bytes = new Uint8Array(await response.arrayBuffer());
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) {
    const plain = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    bytes = new Uint8Array(await new Response(plain).arrayBuffer());
  }
  const view = new DataView(bytes.buffer);
  const shape = Array.from({ length: bytes[3] }, (_, i) => view.getUint32(4 + 4 * i));
  const data = bytes.subarray(4 + 4 * shape.length);
  if (data.length !== shape.reduce((product, side) => product * side, 1))
    throw new DataError("damaged", said`${{ file: url.pathname }} is damaged: its header gives [${shape.join(", ")}]`);
  return { shape, data };
}
