/** The script of the engine's worker. */
import { serveEngine } from "../../web/engineWorker/index.js";

serveEngine();
