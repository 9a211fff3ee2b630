/** Run in threads of their own: loads what decodes pictures of every kind, and decodes one. */
import { parentPort, workerData } from "node:worker_threads";
import { decodeAny } from "../../src/data/sources/anyPicture.js";

const { width } = await decodeAny(Buffer.from(workerData as Uint8Array));
parentPort?.postMessage(width);
