/** What another language must say: the same keys as English, each with the same parameters. */
export type Same<T> = {
  [K in keyof T]: T[K] extends (...args: infer A) => string ? (...args: A) => string : string;
};
