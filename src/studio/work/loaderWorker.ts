/** The script of a loader's worker. */
import { serveLoader } from "../../web/loaderWorker/index.js";

serveLoader();
