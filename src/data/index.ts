/**
 * The data room: where images come from, what is done to them, and how they reach training in time. A source (folders, lists,
 * VOC, IDX and CIFAR files) lists pictures and reads them one by one; augmentation makes random or evaluation views of a
 * picture in Pillow's arithmetic; a loader runs both in worker threads ahead of training, in bounded memory, so that every view
 * depends on nothing but the seed, the epoch, the image and the view's number.
 */
export * from "./augment/index.js";
export { type Decoded, decodedRoom } from "./decoded.js";
export {
  absoluteName,
  describeImages,
  describeSource,
  type GivenImages,
  type NamedSet,
  namedFolder,
  splitNames,
} from "./describe.js";
export { filePath } from "./fileNames.js";
export { identityOf } from "./identity.js";
export { differenceOf, type SetIdentity } from "./known/index.js";
export { isForeign } from "./layout/index.js";
export { type Batch, type BatchRequest, type Loader, type LoaderOptions, openLoader } from "./loader.js";
export { imagesNamed } from "./named.js";
export { type ClosableImages, type OpenImages, type OpenOptions, openImages, withImages } from "./openImages.js";
export { type Overlap, overlapOf } from "./overlap.js";
export { shownChannels } from "./shown.js";
export { type ImageSource, openSource, type Picture, type SourceDescription } from "./source.js";
export type { HeldImage, HeldImages, Pixels } from "./sources/held.js";
