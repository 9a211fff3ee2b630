/**
 * What the worker of a loader in a page does (`hcsc/web/loader`): it decodes images and makes views of them.
 *
 * @module hcsc/web/loader
 */
import { type ErrorData, HcscError } from "../../errors.js";
import { ViewMaker, type ViewMakerOptions, type WantedViews } from "./viewMaker.js";

/** To a loader's worker: first what it goes by, then views to make, in arrays that move there and back. */
export type ToLoader = { readonly begin: ViewMakerOptions } | { readonly id: number; readonly wanted: WantedViews };

/** From it. */
export interface FromLoader {
  readonly id: number;
  readonly views: readonly Uint8Array[];
  readonly error: ErrorData | { readonly message: string } | null;
}

/** The memory of views, which moves between threads with them. */
export const blocksOf = (views: readonly Uint8Array[]): ArrayBuffer[] =>
  views.map(({ buffer }) => buffer as ArrayBuffer);

/** Makes the worker that calls it one of a loader's: all that its script has to do. It is a module, bundled apart from the page's script. */
export function serveLoader(): void {
  let maker: ViewMaker;
  let last = Promise.resolve();
  addEventListener("message", ({ data }: MessageEvent<ToLoader>) => {
    if ("begin" in data) maker = new ViewMaker(data.begin);
    else last = last.then(() => carryOut(data.id, data.wanted));
  });

  async function carryOut(id: number, wanted: WantedViews): Promise<void> {
    const { views } = wanted;
    let error: FromLoader["error"] = null;
    try {
      await maker.write(wanted);
    } catch (raised) {
      error = raised instanceof HcscError ? raised.toJSON() : { message: (raised as Error).message };
    }
    postMessage({ id, views, error } satisfies FromLoader, { transfer: blocksOf(views) });
  }
}
