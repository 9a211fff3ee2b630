/** What the page can ask for, carried out one after the other: images opened, runs trained, gone on with, and had as files. */
import type { Loader } from "../../data/index.js";
import { identityBy } from "../../data/known/index.js";
import { UsageError } from "../../errors.js";
import { type RunFolder, requireSameImages } from "../../train/index.js";
import { openLoader, type PageImages } from "../../web/index.js";
import type { Ask, Given, News, State } from "../protocol.js";
import { type Device, type DeviceChoice, openDevice, workerOf } from "./device.js";
import { downloads } from "./downloads.js";
import { keepImages, keptImages } from "./keptImages.js";
import { begun } from "./newRun.js";
import { NewsDesk } from "./news.js";
import { type OpenRun, openKeptRun, openZippedRun, sha256Hex } from "./openRun.js";
import { type OpenedSet, openSet, setOfKept } from "./openSet.js";
import { wordsOf } from "./problems.js";
import { Reports } from "./reports.js";
import { forget, held, keptRuns } from "./storage.js";
import { trained } from "./training.js";

type Asked<K extends Ask["kind"]> = Extract<Ask, { kind: K }>;

/** What ends training for now, and the state that it leaves. */
const endings = { pause: "paused", stop: "stopped" } as const satisfies Partial<Record<Ask["kind"], State>>;
type Ending = keyof typeof endings;

export class Studio {
  private readonly news: NewsDesk;
  private reports: Reports;
  private set: OpenedSet | null = null;
  private run: OpenRun | null = null;
  private device: Device | null = null;
  /** Of the set, with the seed of the run. */
  private loader: { readonly seed: number; readonly loader: Loader } | null = null;
  private training: AbortController | null = null;
  private ending: Ending = "pause";
  private last: Promise<void> = Promise.resolve();

  constructor(
    post: (news: News) => void,
    private readonly choice: DeviceChoice,
  ) {
    this.news = new NewsDesk(post);
    this.reports = new Reports(this.news);
  }

  /** Tells what is kept. */
  begin(): void {
    this.after(async () => {
      await this.tellKept();
      this.state("empty");
    });
  }

  ask(ask: Ask): void {
    if (ask.kind in endings && this.training) {
      this.ending = ask.kind as Ending;
      this.training.abort();
    } else this.after(() => this.carryOut(ask));
  }

  private after(work: () => Promise<void>): void {
    this.last = this.last.then(work).catch((error) => this.news.problem(wordsOf(error)));
  }

  private carryOut(ask: Ask): Promise<void> {
    const acts: { readonly [K in Ask["kind"]]: (ask: Asked<K>) => Promise<void> } = {
      open: ({ from }) => this.open(from),
      train: (plan) => this.train(plan),
      continue: () => this.goOn(),
      pause: async () => {},
      stop: () => this.stop(),
      download: (wanted) => this.download(wanted),
      forget: ({ run }) => this.forget(run),
    };
    return (acts[ask.kind] as (ask: Ask) => Promise<void>)(ask);
  }

  private state(state: State): void {
    this.news.tell({ kind: "state", state });
  }

  /** Tells what went wrong, then where that leaves the page. */
  private failed(error: unknown, state: State): void {
    this.news.problem(wordsOf(error), state === "failed");
    this.state(state);
  }

  private async tellKept(): Promise<void> {
    this.news.tell({ kind: "kept", runs: await keptRuns() });
  }

  private async open(from: Given): Promise<void> {
    this.state("opening");
    try {
      if ("run" in from) await this.openRun(await openZippedRun(from.run, this.news.opening));
      else if ("kept" in from) {
        if (this.run?.place.name === from.kept) await this.close(); // it is held by this tab
        await this.openRun(await openKeptRun(from.kept));
      } else await this.openImages(from);
    } catch (error) {
      this.failed(error, await this.standing());
    }
  }

  private async openImages(from: Exclude<Given, { run: File } | { kept: string }>): Promise<void> {
    const set = await openSet(from, this.news);
    const isWaiting = this.run !== null && this.set === null;
    if (isWaiting) await this.requireSame(this.run as OpenRun, set);
    else await this.close();
    await this.dropLoader();
    this.set = set;
    this.told(set);
    this.state(await this.standing());
  }

  private told({ name, images: { source, skipped }, shown }: OpenedSet): void {
    this.news.tell({ kind: "opened", name, count: source.count, shown, classes: source.classes, skipped });
  }

  private async requireSame({ folder }: OpenRun, { name, images }: OpenedSet): Promise<void> {
    await requireSameImages(folder, await identityBy(images.source, sha256Hex), name);
  }

  /** Shows a run, with its images where they are kept. */
  private async openRun(run: OpenRun): Promise<void> {
    await this.close();
    this.run = run;
    this.reports = new Reports(this.news);
    await this.tellKept();
    await this.reports.tellKept(run.folder);
    const kept = await keptImages(run.place);
    if (!kept) {
      this.news.problem(
        "The images of this run are not kept in this browser: open the same images to go on with it.",
        true,
      );
      this.state(await this.standing());
      return;
    }
    const set = await setOfKept(kept, run.folder.description.data, this.news);
    await this.requireSame(run, set);
    this.set = set;
    this.told(set);
    this.state(await this.standing());
  }

  /** Where what is open stands. */
  private async standing(): Promise<State> {
    if (!this.run) return this.set ? "ready" : "empty";
    if (!this.set) return "shown";
    const { folder } = this.run;
    const epochs = (await folder.metrics()).filter(({ kind }) => kind === "epoch").length;
    return epochs >= folder.description.recipe.epochs ? "finished" : "stopped";
  }

  private async train({ size, minutes }: Asked<"train">): Promise<void> {
    const set = this.set;
    if (!set) throw new UsageError("not-given", "no images are open. Open some first");
    this.run?.close();
    this.run = null;
    this.reports = new Reports(this.news);
    await this.trains(async (signal) => {
      const device = await this.opened();
      const given = { set, size, minutes, device, signal, news: this.news, loaderOf: this.loaderOf };
      this.run = await begun(given);
      await this.run.folder.saveImages(await identityBy(set.images.source, sha256Hex));
      const why = await keepImages(this.run.place, set.isBundled ? null : set.images.images, (done, total) =>
        this.news.stage("copying the images into this browser's storage", done, total),
      );
      if (why !== null) this.news.problem(why, true);
      await this.tellKept();
    });
  }

  private async goOn(): Promise<void> {
    if (!this.run || !this.set) throw new UsageError("not-given", "no run is open with its images. Open one first");
    await this.trains(async () => {});
  }

  /** Trains the run that is open once it is made ready. */
  private async trains(ready: (signal: AbortSignal) => Promise<void>): Promise<void> {
    const training = new AbortController();
    this.training = training;
    this.state("training");
    try {
      await ready(training.signal);
      const ended = await this.trainRun(training.signal);
      await this.tellKept();
      if (ended === "stopped") await this.dropDevice();
      this.state(ended);
    } catch (error) {
      const isStopped = training.signal.aborted && error === training.signal.reason;
      await this.dropDevice();
      if (isStopped) this.state("ready");
      else this.failed(error, "failed");
    } finally {
      this.training = null;
    }
  }

  private async trainRun(signal: AbortSignal): Promise<State> {
    const { folder } = this.run as OpenRun;
    const { images } = this.set as OpenedSet;
    const loader = await this.loaderOf(folder.description.recipe.seed);
    const device = await this.opened();
    const afterEpoch = (run: RunFolder, on: Device, epochs: number): Promise<void> =>
      this.reports.afterEpoch(run, images, loader, on, epochs === run.description.recipe.epochs);
    const begun = (described: RunFolder): void => {
      if (this.run) this.run = { ...this.run, folder: described };
    };
    const setting = { run: folder, images, loader, device, signal, news: this.news, begun, afterEpoch };
    const { interrupted } = await trained(setting, async () => {
      await this.dropDevice();
      return this.opened();
    });
    return interrupted ? endings[this.ending] : "finished";
  }

  private async stop(): Promise<void> {
    await this.dropDevice();
    this.state(await this.standing());
  }

  private async download({ what }: Asked<"download">): Promise<void> {
    const run = this.run?.folder;
    if (!run)
      throw new UsageError("not-given", "no run is open, so there is nothing to save. Train first, or open a run");
    const images = async (): Promise<{ images: PageImages; loader: Loader; device: Device }> => {
      if (!this.set)
        throw new UsageError("not-given", "the run's images are not open, and this needs them. Open them first");
      return {
        images: this.set.images,
        loader: await this.loaderOf(run.description.recipe.seed),
        device: await this.opened(),
      };
    };
    for (const made of await downloads(what, { run, news: this.news, images }))
      this.news.tell({ kind: "file", what, ...made });
  }

  private async forget(name: string): Promise<void> {
    if (this.run?.place.name === name) {
      this.run.close();
      this.run = null;
      this.state(await this.standing());
    }
    const letGo = await held(name); // not one that another tab trains
    await forget(name).finally(letGo);
    await this.tellKept();
  }

  private async opened(): Promise<Device> {
    this.device ??= await openDevice(this.choice, (words) => this.news.problem(words));
    const { provider, threads, words } = this.device;
    this.news.tell({ kind: "device", provider, threads, words });
    return this.device;
  }

  private readonly loaderOf = async (seed: number): Promise<Loader> => {
    if (this.loader?.seed !== seed) {
      await this.dropLoader();
      const count = Math.min(2, Math.max(1, navigator.hardwareConcurrency - 1));
      const workers = Array.from({ length: count }, () => workerOf("loaderWorker"));
      this.loader = { seed, loader: openLoader((this.set as OpenedSet).images, { seed, workers }) };
    }
    return (this.loader as { loader: Loader }).loader;
  };

  private async dropLoader(): Promise<void> {
    await this.loader?.loader.close();
    this.loader = null;
  }

  private async dropDevice(): Promise<void> {
    const { device } = this;
    this.device = null;
    await device?.engine.close().catch(() => {}); // it may be lost
  }

  private async close(): Promise<void> {
    await this.dropLoader();
    this.run?.close();
    this.run = null;
    this.set = null;
  }
}
