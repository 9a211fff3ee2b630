/**
 * The vectors that a trained encoder gives images, with what is known of each, as tables that files hold. Nothing here is Node's.
 */
export { columnsOf, nameLines } from "./columns.js";
export { type Encoder, encoderOf, type Learned, type Trained, type Weights } from "./encoder.js";
export { type Places, placesOf } from "./places.js";
export { type EmbeddingTable, embeddingTable, type Layer, layers } from "./table.js";
export { readableVectors } from "./vectors.js";
