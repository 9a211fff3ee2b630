import { serveEngine } from "hcsc/web/engine";

serveEngine();
