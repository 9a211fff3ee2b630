/**
 * The script of the worker behind the page that trains. Its address may say what to train on: `?provider=webgpu` or `cpu`, and
 * `&threads=2`.
 */
import { said, UsageError } from "../../errors.js";
import type { Ask, News } from "../protocol.js";
import type { DeviceChoice } from "./device.js";
import { Studio } from "./studio.js";

const providers = ["webgpu", "cpu"] as const;

function asked(address: URLSearchParams): DeviceChoice {
  const [name, threads] = [address.get("provider"), address.get("threads")];
  const provider = providers.find((known) => known === name) ?? null;
  if (name !== null && provider === null)
    throw new UsageError("wrong-value", said`the provider ${{ provider: name }} is none of ${providers.join(", ")}`);
  return { provider, threads: threads === null ? null : Number(threads) };
}

const studio = new Studio((news: News) => postMessage(news), asked(new URL(location.href).searchParams));
addEventListener("message", ({ data }: MessageEvent<Ask>) => studio.ask(data));
studio.begin();
