/** The page of a run that is still training: three addresses, and nothing of the disk but the run's metrics and report. */
import { reportNow } from "../report/index.js";
import type { RunFolder } from "../train/index.js";
import { livePage, livePolicy } from "./html.js";
import { type Answer, type LocalServer, localHeaders, serveLocally } from "./local.js";
import { Viewers } from "./viewers.js";

/** Serves a run's page. @param port - 0: a free one. @throws UsageError if the port cannot be had */
export async function servePage(run: RunFolder, port: number): Promise<LocalServer> {
  const viewers = new Viewers(run);
  const { url, close } = await serveLocally(answersOf(run, viewers), port);
  return {
    url,
    async close() {
      viewers.close();
      await close();
    },
  };
}

const answersOf = (run: RunFolder, viewers: Viewers): ReadonlyMap<string, Answer> =>
  new Map<string, Answer>([
    [
      "/",
      async (response) => {
        const policy = `${await livePolicy()}; frame-ancestors 'none'`;
        const about = { "content-type": "text/html; charset=utf-8", "content-security-policy": policy };
        response.writeHead(200, { ...localHeaders, ...about }).end(await livePage());
      },
    ],
    [
      "/data.json",
      async (response) => {
        const content = JSON.stringify(await reportNow(run));
        const about = { "content-type": "application/json; charset=utf-8" };
        response.writeHead(200, { ...localHeaders, ...about }).end(content);
      },
    ],
    [
      "/events",
      async (response) => {
        response.writeHead(200, { ...localHeaders, "content-type": "text/event-stream" });
        if (response.req.method === "HEAD") response.end();
        else viewers.add(response);
      },
    ],
  ]);
