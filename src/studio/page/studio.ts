/** The whole page: hears the worker's news, shows them, and asks for what a person wants. */
import { element, section, themeToggle } from "../../view/index.js";
import type { Ask, News, State } from "../protocol.js";
import { Chooser } from "./chooser.js";
import { ImagesPart } from "./imagesPart.js";
import { masthead } from "./masthead.js";
import { OnDemand } from "./onDemand.js";
import { planForm } from "./plan.js";
import { Problems } from "./problems.js";
import { Progress } from "./progress.js";
import { Results } from "./results.js";
import { Takeaways } from "./takeaways.js";
import { Turns } from "./turns.js";

type Handlers = { readonly [K in News["kind"]]: (news: Extract<News, { kind: K }>) => void };

/** What of the page is there in each state; null: behind a word that opens it. */
interface Parts {
  readonly chooser: boolean | null;
  readonly plan: boolean | null;
  readonly run: boolean;
}
const parts: Readonly<Record<State, Parts>> = {
  empty: { chooser: true, plan: false, run: false },
  opening: { chooser: false, plan: false, run: false },
  ready: { chooser: null, plan: true, run: false },
  training: { chooser: false, plan: false, run: true },
  paused: { chooser: null, plan: false, run: true },
  stopped: { chooser: null, plan: null, run: true },
  shown: { chooser: true, plan: false, run: true },
  finished: { chooser: null, plan: null, run: true },
  failed: { chooser: null, plan: null, run: true },
};

const places = [
  ["images", "Images"],
  ["training", "Training"],
  ["tree", "Prototypes"],
  ["map", "Map"],
  ["retrieval", "Retrieval"],
  ["files", "Files"],
] as const;

export class Studio {
  private readonly problems = new Problems();
  private readonly turns = new Turns();
  private readonly chooser: Chooser;
  private readonly images: ImagesPart;
  private readonly progress: Progress;
  private readonly results: Results;
  private readonly takeaways: Takeaways;
  private readonly start: OnDemand;
  private readonly plan: OnDemand;
  private readonly run: HTMLElement;
  private readonly handlers: Handlers;
  private state: State = "empty";
  private readonly links = places.map(([id, name]) => element("li", {}, element("a", { href: `#${id}` }, name)));

  /** @param worker - which opens images and trains */
  constructor(private readonly worker: Worker) {
    const { problems, turns } = this;
    const ask = (asked: Ask): void => worker.postMessage(asked);
    this.chooser = new Chooser({
      open: (from) => ask({ kind: "open", from }),
      forget: (run) => ask({ kind: "forget", run }),
      complain: (words) => problems.tell(words, false),
    });
    this.results = new Results(turns, {
      chosen: (name) => this.images.mark(name),
      drawn: () => this.showLinks(),
    });
    this.images = new ImagesPart((name) => this.results.choose(name));
    this.progress = new Progress(turns, (kind) => ask({ kind }));
    this.takeaways = new Takeaways((what) => ask({ kind: "download", what }));
    this.start = new OnDemand("start", "Begin", "Open other images, or a run", this.chooser.element);
    const form = planForm((size, minutes) => {
      this.forgetRun();
      ask({ kind: "train", size, minutes });
    });
    this.plan = new OnDemand("plan", "Plan", "Train anew on these images", form);
    const files = section("files", "To take away", "Made when you press, on this machine.", this.takeaways.element);
    this.run = element(
      "div",
      {},
      section("training", "Training", null, this.progress.element),
      this.results.element,
      files,
    );
    this.handlers = this.handled();
    this.compose();
    this.become("empty");
    this.listen();
  }

  private compose(): void {
    document.body.append(
      element("a", { class: "skip", href: "#top" }, "Skip to the page"),
      element(
        "nav",
        { "aria-label": "Sections" },
        element("div", { class: "bar" }, element("ul", {}, ...this.links), themeToggle()),
      ),
      element(
        "main",
        { tabindex: -1 },
        masthead(),
        this.problems.element,
        this.start.element,
        this.images.element,
        this.plan.element,
        this.run,
      ),
    );
  }

  private listen(): void {
    this.worker.addEventListener("message", ({ data }: MessageEvent<News>) => {
      // The table has for each kind what takes that kind, which the compiler cannot follow.
      (this.handlers[data.kind] as (news: News) => void)(data);
    });
    this.worker.addEventListener("error", ({ message }) =>
      this.problems.tell(
        `The worker of this page failed: ${message || "its script cannot be loaded"}. Load the page again: a run is kept up to its last checkpoint.`,
        true,
      ),
    );
  }

  private handled(): Handlers {
    const { chooser, images, problems, progress, results, takeaways } = this;
    return {
      kept: ({ runs }) => chooser.show(runs),
      state: ({ state }) => this.become(state),
      opening: (news) => images.opening(news),
      pictures: (news) => images.add(news),
      opened: (news) => images.opened(news),
      device: (news) => progress.on(news),
      plan: (news) => progress.plan(news),
      steps: (news) => progress.steps(news),
      stage: (news) => progress.atStage(news),
      report: ({ data }) => {
        if (this.state === "opening") progress.clear(); // of the run that was open before
        progress.report(data);
        results.report(data);
      },
      problem({ words, lasting }) {
        problems.tell(words, lasting);
        takeaways.idle();
      },
      file: ({ what, name, file }) => takeaways.give(what, name, file),
    };
  }

  private become(state: State): void {
    const { chooser, plan, run } = parts[state];
    this.state = state;
    if (state === "opening") this.problems.clear();
    else this.images.settle();
    if (state === "shown" || state === "empty") this.images.clear();
    if (state === "ready" || state === "empty") this.forgetRun();
    this.start.show(chooser);
    this.plan.show(plan);
    this.run.hidden = !run;
    this.progress.become(state);
    this.showLinks();
  }

  /** Nothing is known any more of the run that was open. */
  private forgetRun(): void {
    this.results.clear();
    this.progress.clear();
  }

  /** Of what is there. */
  private showLinks(): void {
    for (const [i, [id]] of places.entries()) {
      const place = document.getElementById(id);
      this.links[i].hidden = !place || place.closest("[hidden]") !== null;
    }
  }
}
