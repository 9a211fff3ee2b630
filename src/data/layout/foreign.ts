/** Names of files that are not UTF-8: each byte that is no part of a character stands as a lone surrogate, U+DC00 + byte. */

/** With `u`, halves of a pair do not match. */
const escaped = /[\udc80-\udcff]/u;

/** Whether a name holds bytes that are no UTF-8. */
export const isForeign = (name: string): boolean => escaped.test(name);
