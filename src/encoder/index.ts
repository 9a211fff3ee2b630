/**
 * A trained encoder at work: the vectors of images and the files that hold them, where images stand in the hierarchy, what is
 * alike, and the encoder as a model for others.
 */
export {
  type AlikeImages,
  alikeImages,
  type MostAlike,
  mostAlike,
  type NamedFeatures,
  namedFeatures,
} from "./alike.js";
export { type EmbeddingFormat, embeddingFormatOf, writeEmbeddings } from "./embeddingFormats.js";
export {
  type EmbeddingTable,
  type Encoder,
  embeddingTable,
  encoderOf,
  type Layer,
  type Learned,
  layers,
  type Places,
  placesOf,
  readableVectors,
  type Trained,
  type Weights,
} from "./embeddings/index.js";
export { type ExportFormat, exportFormats, exportModel, formsOf } from "./exportModel.js";
export type { CardFacts, StoredAccuracy } from "./modelCard.js";
export { encoderOfWeights } from "./ofWeights.js";
export { openTrained } from "./openTrained.js";
export { type Origin, originOf, originOfFile } from "./origin.js";
