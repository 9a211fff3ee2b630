/** How long, and how large a network: a plan in plain words. */
import { element } from "../../view/index.js";
import type { Size } from "../protocol.js";

interface Choice<T> {
  readonly value: T;
  readonly name: string;
  readonly words: string;
}

const times: readonly Choice<number>[] = [
  { value: 3, name: "Quick look", words: "3 minutes" },
  { value: 15, name: "Over a coffee", words: "15 minutes" },
  { value: 60, name: "Over lunch", words: "1 hour" },
  { value: 480, name: "Overnight", words: "8 hours" },
];

const networks: readonly Choice<Size>[] = [
  { value: "small", name: "Small", words: "learns soonest" },
  { value: "medium", name: "Medium", words: "tells more apart, given time" },
];

/** The form that begins a run. */
export function planForm(train: (size: Size, minutes: number) => void): HTMLFormElement {
  const form = element(
    "form",
    { class: "plan card" },
    options("minutes", "How much time?", times),
    options("size", "How large a network?", networks),
    element("button", { type: "submit", class: "main" }, "Train"),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const chosen = new FormData(form);
    const size = networks.find(({ value }) => value === chosen.get("size"));
    if (size) train(size.value, Number(chosen.get("minutes")));
  });
  return form;
}

/** Choices of which the first is taken. */
const options = <T extends string | number>(name: string, title: string, choices: readonly Choice<T>[]): HTMLElement =>
  element(
    "fieldset",
    {},
    element("legend", {}, title),
    element(
      "div",
      { class: "choices" },
      ...choices.map((choice, i) =>
        element(
          "label",
          {},
          element("input", { type: "radio", name, value: choice.value, checked: i === 0 }),
          element("span", {}, element("strong", {}, choice.name), element("small", {}, choice.words)),
        ),
      ),
    ),
  );
