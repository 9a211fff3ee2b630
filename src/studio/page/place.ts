/** Parts of the page made anew under a reader's hands. */

/** Puts a part in place of the one before; the focus goes to what has the same name there. */
export function keepingPlace(before: Element, made: HTMLElement): void {
  const focused = document.activeElement;
  const name = focused && before.contains(focused) ? nameOf(focused) : null;
  before.replaceWith(made);
  if (name === null) return;
  const again = Array.from(made.querySelectorAll<HTMLElement>("a, button, summary, input, select, [tabindex]"));
  again.find((element) => nameOf(element) === name)?.focus({ preventScroll: true });
}

const nameOf = (element: Element): string =>
  `${element.tagName} ${element.id || element.getAttribute("aria-label") || element.textContent}`;
