/** Light or dark: the system's choice until the reader makes one, which is remembered. */
import { element } from "./element.js";

const key = "hcsc-theme";
const system = matchMedia("(prefers-color-scheme: dark)");
/** Owners are held weakly: what was taken off the page goes, with what it was to do. */
let owners: readonly WeakRef<Element>[] = [];
const acts = new WeakMap<Element, readonly (() => void)[]>();

/** What the reader chose last; storage may be closed to a page from disk. */
function remembered(): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

function remember(theme: string): void {
  try {
    localStorage.setItem(key, theme);
  } catch {
    // The choice then lasts as long as the page.
  }
}

export const isDark = (): boolean => document.documentElement.dataset.theme === "dark";

/** Acts after the colours changed, as long as its owner is on the page: a canvas has to be drawn again. */
export function onTheme(owner: Element, act: () => void): void {
  if (!acts.has(owner)) owners = [...owners.filter((ref) => ref.deref() !== undefined), new WeakRef(owner)];
  acts.set(owner, [...(acts.get(owner) ?? []), act]);
}

function apply(theme: string | null): void {
  document.documentElement.dataset.theme = theme ?? (system.matches ? "dark" : "light");
  const shown = owners.flatMap((ref) => ref.deref() ?? []).filter((owner) => owner.isConnected);
  owners = shown.map((owner) => new WeakRef(owner));
  for (const owner of shown) for (const act of acts.get(owner) ?? []) act();
}

/** Applies the theme and gives the button that changes it. */
export function themeToggle(): HTMLButtonElement {
  const button = element("button", { type: "button", class: "quiet theme", onclick: toggle });
  const label = (): void => {
    button.setAttribute("aria-label", isDark() ? "Use light colours" : "Use dark colours");
    button.title = button.getAttribute("aria-label") ?? "";
    button.textContent = isDark() ? "☀\uFE0E" : "☾\uFE0E";
  };
  function toggle(): void {
    const next = isDark() ? "light" : "dark";
    remember(next);
    apply(next);
  }
  system.addEventListener("change", () => apply(remembered()));
  apply(remembered());
  label();
  onTheme(button, label);
  return button;
}
