/** The script of the engine's worker. */
import { serveEngine } from "../../src/web/engineWorker.js";

serveEngine();
