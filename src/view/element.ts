/** Elements of the page in one expression. Text is always text: nothing here parses HTML. */
export type Child = Node | string | null;

export interface Attributes {
  readonly [name: string]: string | number | boolean | null | undefined | ((event: Event) => void);
}

/**
 * An element with its attributes and children. `on…` attributes that are functions listen; true is an empty attribute, false
 * and null leave it out; `--…` names set a CSS variable.
 */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") made.addEventListener(name.slice(2), value);
    else if (value === false || value === null || value === undefined) continue;
    else if (name.startsWith("--")) made.style.setProperty(name, String(value));
    else made.setAttribute(name, value === true ? "" : String(value));
  }
  made.append(...children.filter((child) => child !== null));
  return made;
}

/** A part of the page with a heading, a line that says what it shows, and its content. */
export function section(id: string, title: string, lead: string | null, ...children: readonly Child[]): HTMLElement {
  const heading = element("h2", { id: `${id}-title` }, title);
  return element(
    "section",
    { id, "aria-labelledby": `${id}-title` },
    heading,
    lead === null ? null : element("p", { class: "lead" }, lead),
    ...children,
  );
}
