/** What an engine does in Node and in a page alike. Nothing here is Node's. */
import { type Engine, type Traffic, targetOf } from "../../src/engine/index.js";
import { compile, fusedStep, packState, results, state } from "../../src/programs/index.js";
import { allFeeds, fedTo, settings, startingState } from "../programs/smallStep.js";

export interface Stepped {
  readonly losses: readonly number[];
  /** Bytes of one step's feeds. */
  readonly fed: number;
  /** Of the last step. */
  readonly traffic: Traffic;
  /** The queue's first row at the end. */
  readonly queue: readonly number[];
}

/** Steps of the combined loss, on numbers that are the same everywhere. */
export async function takeSteps(engine: Engine, steps: number, isLast = true): Promise<Stepped> {
  const target = await targetOf(engine);
  const program = compile(fusedStep(settings, "selective"), target);
  await engine.load(program.name, program.model, program);
  await engine.write({
    ...packState(target, startingState(settings)),
    [state.queueNormalizer]: { shape: [settings.queue, 2], data: new Float32Array(settings.queue * 2).fill(3) },
    [state.prototypeNormalizer(0)]: {
      shape: [settings.clusters[0]],
      data: new Float32Array(settings.clusters[0]).fill(3),
    },
  });
  const fed = fedTo(program, allFeeds(settings));
  const losses: number[] = [];
  let before = await engine.traffic();
  let traffic = before;
  for (let i = 0; i < steps; i++) {
    before = await engine.traffic();
    const out = await engine.run(program.name, fed, [results.loss]);
    const after = await engine.traffic();
    traffic = { toDevice: after.toDevice - before.toDevice, fromDevice: after.fromDevice - before.fromDevice };
    losses.push(Number(out[results.loss].data[0]));
  }
  const read = await engine.read([state.queue]);
  const queue = Array.from((read[state.queue].data as Float32Array).subarray(0, settings.encoder.dimension));
  if (isLast) await engine.close();
  else await engine.unload(program.name);
  return { losses, fed: Object.values(fed).reduce((n, { data }) => n + data.byteLength, 0), traffic, queue };
}
