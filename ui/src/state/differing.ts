/** The fields of `after` that say other than those of `before`: what a form sends, so that all else stays as it is by then. */
export function differing<T extends object>(before: Readonly<Partial<T>> | null, after: T): Partial<T> {
  const old = new Map<string, unknown>(Object.entries(before ?? {}));
  const fields = Object.entries(after).filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(old.get(name)));
  return Object.fromEntries(fields) as Partial<T>;
}
