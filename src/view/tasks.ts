/** Work of a browser's thread in several tasks: what a person does between them is answered at once. */

/** Goes on in a task of its own. */
export const nextTask = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

/** Goes on after the next frame, in a task that is none of that frame's own. */
export const afterFrame = (): Promise<void> =>
  new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
