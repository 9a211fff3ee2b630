/** The script of a loader's worker. */
import { serveLoader } from "../../src/web/loaderWorker/index.js";

serveLoader();
