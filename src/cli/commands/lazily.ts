/**
 * A command's action, loaded with all that it stands on only when it is run: help and wrong usage are told at once.
 *
 * @param by - whether several processes that a launcher has started may carry it out together
 */
export const lazily =
  <Args extends readonly unknown[]>(
    load: () => Promise<{ readonly run: (...args: Args) => Promise<void> }>,
    by: "one" | "several" = "one",
  ) =>
  async (...args: Args): Promise<void> => {
    if (by === "one") (await import("../actions/processes.js")).requireOne();
    await (await load()).run(...args);
  };
