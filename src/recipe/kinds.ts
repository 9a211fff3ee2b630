/** Groups of fields of which some belong to a kind: `kind` says which, and a field of another kind is an error. */
import * as z from "zod";

type Shape = z.core.$ZodShape;
type Table = Readonly<Record<string, Shape>>;

/** The group as read: for each kind its own fields and those of all. */
type Options<C extends Shape, T extends Table> = {
  [K in keyof T & string]: z.ZodObject<
    { kind: z.ZodDefault<z.ZodOptional<z.ZodLiteral<K>>> } & C & T[K],
    z.core.$strict
  >;
}[keyof T & string];

type Data = Readonly<Record<string, unknown>>;

/**
 * Data of a group without the fields of other kinds: as it was before each kind had fields of its own, when a recipe that was
 * written held all of them.
 */
export function ownFields(group: { readonly options: readonly z.ZodObject[] }, data: Data): Data {
  const kindOf = ({ shape }: z.ZodObject) => z.toJSONSchema(shape.kind as z.ZodType).const;
  const own = group.options.find((option) => kindOf(option) === data.kind);
  const all = new Set(group.options.flatMap(({ shape }) => Object.keys(shape)));
  return Object.fromEntries(Object.entries(data).filter(([name]) => !own || name in own.shape || !all.has(name)));
}

/**
 * A group of fields.
 *
 * @param meaning - of `kind`, before the kinds there are
 * @param common - fields of every kind
 * @param table - the fields of each kind; the first is the default
 */
export function kinds<C extends Shape, T extends Table>(
  meaning: string,
  common: C,
  table: T,
): z.ZodDiscriminatedUnion<readonly [Options<C, T>, ...Options<C, T>[]], "kind"> {
  const names = Object.keys(table);
  const options = names.map((name, i) => {
    const literal = z.literal(name);
    const kind = i === 0 ? literal.optional().default(name) : literal;
    return z.strictObject({ kind: kind.describe(`${meaning}: ${names.join(", ")}`), ...common, ...table[name] });
  });
  const error = (issue: { readonly code: string }) =>
    issue.code === "invalid_union" ? `give one of ${names.join(", ")}` : undefined;
  return z.discriminatedUnion("kind", options as never, { error }) as never;
}
