/** `hcsc watch`: the page of a run, live. */
import { once } from "node:events";
import { onDisk } from "../../disk/index.js";
import { servePage } from "../../publish/index.js";
import { RunFolder } from "../../train/index.js";
import { interruptible } from "../interrupt.js";
import { print } from "../print.js";

interface Flags {
  readonly run: string;
  readonly port: number;
  readonly json?: boolean;
}

export async function run(flags: Flags): Promise<void> {
  const server = await servePage(await RunFolder.open(onDisk(flags.run)), flags.port);
  print(flags.json, { run: flags.run, url: server.url }, [server.url]);
  await interruptible((signal) => once(signal, "abort"));
  await server.close();
}
