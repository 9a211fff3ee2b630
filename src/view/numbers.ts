/** Numbers as the page writes them. */
const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const compact = new Intl.NumberFormat("en", { maximumSignificantDigits: 3 });

export const count = (n: number): string => whole.format(n);

/** Three significant digits. */
export const figure = (n: number): string => compact.format(n);

export const percent = (share: number): string => `${whole.format(100 * share)} %`;

/** A cosine or a temperature. */
export const three = (n: number): string => n.toFixed(3);

export const plural = (n: number, one: string, many = `${one}s`): string => `${count(n)} ${n === 1 ? one : many}`;

/** A text whose numbers of ten and more decimals, such as a third, have five digits. */
export const short = (text: string): string =>
  text.replaceAll(/\b\d+\.\d{10,}(e-?\d+)?/g, (number) => String(Number(Number(number).toPrecision(5))));
