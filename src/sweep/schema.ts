/** What a sweep file may say. Unknown fields are errors. */
import * as z from "zod";

const changes = z.record(z.string().min(1), z.unknown());
const several = <T extends z.ZodType>(of: T) => z.array(of).min(1, "give at least one value");

export const sweepSchema = z
  .strictObject({
    $schema: z.string().optional(),
    name: z.string().min(1),
    description: z.string().default(""),
    /** A bundled recipe's name, `auto`, a path beside the sweep file, or the recipe itself. */
    recipe: z.union([z.string().min(1), z.record(z.string(), z.unknown())], {
      error: "give a recipe: a bundled one's name such as demo, auto, a path, or the recipe itself",
    }),
    /** Changes to the recipe that all runs share: dotted field and value. */
    set: changes.default({}),
    /** Each run is trained once with each; absent: once with the recipe's. */
    seeds: several(z.int().min(0)).optional(),
    /** A run's name and its changes to the recipe. */
    runs: z.record(z.string().min(1), changes).optional(),
    /** A run for every combination of the fields' values. */
    grid: z.record(z.string().min(1), several(z.unknown())).optional(),
  })
  .superRefine((sweep, context) => {
    const issue = (path: string[], message: string) => context.addIssue({ code: "custom", path, message });
    if (sweep.runs && sweep.grid) issue(["grid"], "give either runs or grid, not both");
    if (Object.keys(sweep.runs ?? sweep.grid ?? {}).length === 0)
      issue(
        [sweep.grid ? "grid" : "runs"],
        'there is nothing to run: give "runs" by name, or a "grid" of values by field',
      );
    const repeated = (values: readonly unknown[]) =>
      values.find((v, i) => values.findIndex((w) => JSON.stringify(w) === JSON.stringify(v)) < i);
    for (const [field, values] of [["seeds", sweep.seeds ?? []], ...Object.entries(sweep.grid ?? {})] as const) {
      const twice = repeated(values as readonly unknown[]);
      if (twice !== undefined) issue([field], `${JSON.stringify(twice)} is given twice`);
    }
    for (const [where, given] of [
      ["set", sweep.set],
      ["grid", sweep.grid ?? {}],
      ...Object.entries(sweep.runs ?? {}).map(([name, changes]) => [`runs.${name}`, changes] as const),
    ] as const)
      if (Object.hasOwn(given, "seed")) issue([where, "seed"], 'give seeds as "seeds", such as "seeds": [0, 1]');
  });

/** A sweep file: fields with defaults have their values. */
export type Sweep = z.infer<typeof sweepSchema>;
