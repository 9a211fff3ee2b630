/** Classes as the page calls them. */
import type { ReportImages } from "../report/index.js";

const mostLetters = 24;

/** Nested names without the first of their folders, as long as they stay apart: the class itself says most. */
export function shortened(names: readonly string[]): readonly string[] {
  const short = names.map((name) => {
    let rest = name;
    while (rest.length > mostLetters && rest.includes("/")) rest = rest.slice(rest.indexOf("/") + 1);
    return rest === name ? name : `…/${rest}`;
  });
  return names.map((name, i) => (short.filter((other) => other === short[i]).length === 1 ? short[i] : name));
}

/** A name for each class: a bare number says nothing. Null without labels. */
export function classNames({ labels, classes }: Pick<ReportImages, "labels" | "classes">): readonly string[] | null {
  if (!labels) return null;
  const names = classes ?? Array.from({ length: 1 + Math.max(...labels) }, (_, i) => String(i));
  return shortened(names.map((name) => (/^\d+$/.test(name) ? `class ${name}` : name)));
}
