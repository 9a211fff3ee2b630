/** The script of a loader's worker. */
import { serveLoader } from "../../web/loaderWorker.js";

serveLoader();
