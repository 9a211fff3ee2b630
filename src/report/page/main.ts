/** The page's entry: the data are in the page, or come from its server. */
import { element } from "./element.js";
import { themeToggle } from "./theme.js";

document.body.append(element("header", {}, themeToggle()));
