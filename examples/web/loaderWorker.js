import { serveLoader } from "hcsc/web/loader";

serveLoader();
