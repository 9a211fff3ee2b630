/** The script of the page that the browser opens. */

import {
  inDirectory,
  openEngine,
  openImages,
  openLoader,
  type RunFiles,
  RunFolder,
  type WebEngineOptions,
} from "../../src/browser.js";
import { targetOf } from "../../src/engine/index.js";
import { add, buildModel, input } from "../../src/graph/index.js";
import { replayCase } from "../../src/replay/index.js";
import { decodeTensors, encodeTensors } from "../../src/tensors/index.js";
import { viewPolicies } from "../../src/train/views.js";
import { takeSteps } from "./steps.js";
import { asBase64, pictures, recipe, seed, trainTiny } from "./tiny.js";

const engineOf = (options: Omit<WebEngineOptions, "worker">) =>
  openEngine({ ...options, worker: new Worker("/engineWorker.js", { type: "module" }) });

const loaders = (count: number) =>
  Array.from({ length: count }, () => new Worker("/loaderWorker.js", { type: "module" }));

/** What tests call in the page. */
export const page = {
  steps: async (options: Omit<WebEngineOptions, "worker">, steps: number) => {
    const checked: string[] = [];
    const engine = await engineOf({ ...options, onChecked: ({ program }) => checked.push(program) });
    return { ...(await takeSteps(engine, steps)), checked, isolated: crossOriginIsolated };
  },
  /** A tiny recipe trained to its end; the run's files go to Node. */
  train: async (options: Omit<WebEngineOptions, "worker">) => {
    const images = await openImages(pictures());
    const files = inDirectory(await navigator.storage.getDirectory(), "run");
    const steps = await trainTiny(
      await engineOf(options),
      files,
      images.source,
      openLoader(images, { seed, workers: loaders(1) }),
    );
    const run = await RunFolder.open(files); // as a page that was loaded again opens it
    return { steps, metrics: (await run.metrics()).length, files: await allOf(files) };
  },
  /** The first batch's views, made by so many workers. */
  views: async (workers: number) => {
    const images = await openImages(pictures());
    const request = { indices: Int32Array.from({ length: images.source.count }, (_, i) => i), epoch: 1 };
    const loader = openLoader(images, { seed, workers: loaders(workers) });
    const found: string[] = [];
    for await (const { views } of loader.train([request], viewPolicies(recipe()))) found.push(...views.map(asBase64));
    await loader.close();
    return found;
  },
  /** A fixture's case, replayed. @returns its outputs as a safetensors file */
  replay: async (fixture: string, options: Omit<WebEngineOptions, "worker">) => {
    const bytes = new Uint8Array(await (await fetch(`/fixtures/${fixture}.safetensors`)).arrayBuffer());
    const { metadata, tensors } = decodeTensors(bytes, fixture);
    const inputs = new Map([...tensors].filter(([name]) => !name.startsWith("out.")));
    const engine = await engineOf(options);
    const began = performance.now();
    const outputs = await replayCase(JSON.parse(metadata.config), inputs, engine, await targetOf(engine));
    await engine.close();
    const seconds = (performance.now() - began) / 1000;
    return {
      seconds,
      file: asBase64(new Uint8Array(await new Blob(encodeTensors(outputs) as Uint8Array<ArrayBuffer>[]).arrayBuffer())),
    };
  },
  /** A state that several programs double one after the other, each gone before the next comes. @param size - as the programs know it */
  handedOn: async (size: number | string) => {
    const engine = await engineOf({ provider: "webgpu", crossCheck: false });
    const x = input("x", [size]);
    const model = buildModel({ name: "double", inputs: [x], outputs: { y: add(x, x) } });
    await engine.write({ x: { shape: [3], data: Float32Array.of(1, 2, 3) } });
    for (let i = 0; i < 4; i++) {
      await engine.load("double", model, { state: { x: "y" } });
      for (let run = 0; run < 2; run++) await engine.run("double", {}, []);
      await engine.unload("double");
    }
    const { x: held } = await engine.read(["x"]);
    await engine.close();
    return { shape: held.shape, numbers: Array.from(held.data, Number) };
  },
  /** Asks of an engine whose GPU goes away. @returns the error's code, and what another engine computes then */
  lose: async () => {
    const engine = await engineOf({ provider: "webgpu", crossCheck: false });
    new BroadcastChannel("lose the device").postMessage("now");
    const asking = async (): Promise<string> => {
      for (;;) await takeSteps(engine, 1, false);
    };
    const code = await asking().catch(({ code, message }) => `${code}: ${message}`);
    await engine.close();
    const { losses } = await takeSteps(await engineOf({ provider: "webgpu", crossCheck: false }), 1);
    return { code, losses };
  },
  /** Files as the browser decodes them. */
  decode: async (given: readonly string[]) => {
    const images = given.map((text, i) => ({
      name: `file ${i}`,
      image: new Blob([Uint8Array.from(atob(text), (c) => c.charCodeAt(0))]),
    }));
    const { source, skipped } = await openImages(images);
    const { width, height, channels, data } = await source.read(0);
    return { count: source.count, skipped, width, height, channels, pixels: asBase64(data) };
  },
};

async function allOf(files: RunFiles): Promise<Readonly<Record<string, string>>> {
  const found: Record<string, string> = {};
  for (const folder of ["", "checkpoints", "graphs"])
    for (const name of await files.list(folder)) {
      const path = folder === "" ? name : `${folder}/${name}`;
      const bytes = await files.read(path).catch(() => null); // of a folder
      if (bytes) found[path] = asBase64(bytes);
    }
  return found;
}

Object.assign(globalThis, { page });
