/** A part of the page that is there, or not, or behind a word that opens it. */
import { element, section } from "../../view/index.js";

export class OnDemand {
  readonly element: HTMLElement;
  private readonly details: HTMLDetailsElement;
  private readonly heading: HTMLElement;

  /** @param offer - what opens it where it is not there of itself */
  constructor(id: string, title: string, offer: string, content: HTMLElement) {
    this.details = element("details", { class: "onDemand" }, element("summary", {}, offer), content);
    this.element = section(id, title, null, this.details);
    this.heading = this.element.querySelector("h2") ?? this.element;
  }

  /** @param how - null: behind its offer */
  show(how: boolean | null): void {
    this.element.hidden = how === false;
    this.heading.classList.toggle("hidden", how === null);
    this.element.classList.toggle("offered", how === null);
    this.details.open = how === true;
  }
}
