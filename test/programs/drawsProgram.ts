/** A program of nothing but the draws of instance selection. */

import { buildModel, type Graph, inputsOf } from "../../src/graph/index.js";
import { drawsOfWords, tableOf } from "../../src/programs/draws.js";
import { feeds, type Program } from "../../src/programs/index.js";

function drawsGraph(shape: readonly number[]): Graph {
  const draws = drawsOfWords(tableOf(feeds.instanceDraws, shape));
  return { name: "draws", inputs: inputsOf([draws]), outputs: { draws } };
}

/** Words → `draws` of a shape. */
export const drawsModel = (shape: readonly number[]): Uint8Array => buildModel(drawsGraph(shape));

export const drawsProgram = (shape: readonly number[]): Pick<Program, "inputs"> => drawsGraph(shape);
