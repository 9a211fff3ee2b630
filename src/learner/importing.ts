/** A run of weights from elsewhere, before any training. */
import { absoluteName, describeSource, identityOf, openSource } from "../data/index.js";
import { inRunFolder, onDisk } from "../disk/index.js";
import type { Recipe } from "../recipe/index.js";
import { type Reporter, type RunDescription, RunFolder, saveStart } from "../train/index.js";
import { versions } from "../version.js";
import { type FitReport, openWeights } from "../weights/index.js";
import { initialOf } from "./initial.js";
import { recipeFor } from "./recipe.js";

/** Weights from elsewhere, and the run that is made of them. */
export interface ImportRequest {
  /** The weights' file. */
  readonly file: string;
  /** The images that the run is for, by name. */
  readonly data: string;
  /** Labelled images held out, by name. */
  readonly test: string | null;
  /** The run folder to be made. */
  readonly run: string;
  /** As of `openLearner`. */
  readonly recipe?: string | undefined;
  readonly size?: number | undefined;
  readonly partial: boolean;
}

/** Makes a run folder of weights, which is used as one that was trained. @throws as `openLearner`; UsageError if the folder holds a run */
export async function importWeights(
  request: ImportRequest,
  tell: Reporter,
): Promise<{ readonly recipe: Recipe; readonly report: FitReport }> {
  const opened = await openWeights(request.file);
  const data = await absoluteName(request.data);
  const test = request.test === null ? null : await absoluteName(request.test);
  const source = openSource(await describeSource(data));
  const recipe = await recipeFor(source, request, tell, opened, request.size);
  const { told, weights } = initialOf(opened, recipe, request.partial);
  const description: RunDescription = {
    recipe,
    data,
    test,
    images: source.count,
    versions: versions(),
    started: new Date().toISOString(),
    init: told,
    sessions: [],
  };
  const identity = await identityOf(source);
  await inRunFolder(request.run, async () => {
    const run = await RunFolder.create(onDisk(request.run), description);
    await run.saveImages(identity);
    await saveStart(run, weights);
  });
  return { recipe, report: told.report };
}
