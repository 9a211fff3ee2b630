/** A command's action, loaded with all that it stands on only when it is run: help and wrong usage are told at once. */
export const lazily =
  <Args extends readonly unknown[]>(load: () => Promise<{ readonly run: (...args: Args) => Promise<void> }>) =>
  async (...args: Args): Promise<void> =>
    (await load()).run(...args);
