/** The page's entry: the data lie in the page, or come from its server. */
import type { ReportData } from "../../report/index.js";
import { Live } from "./live.js";
import { Page } from "./page.js";

const page = new Page();
const inside = document.getElementById("data")?.textContent;
if (inside) page.update(JSON.parse(inside) as ReportData);
else new Live(page).connect();
