/** For a browser that keeps nothing: until the window is closed. */
const unkept = new Map<string, string>();

/**
 * How the window looks or speaks. The config decides; where it says nothing, what was chosen in this browser. Both are
 * kept in the browser for the first paint, before the config can be asked.
 */
export class Choice<T extends string> {
  value = $state() as T;
  readonly #name: string;
  readonly #all: readonly T[];
  readonly #otherwise: T;

  constructor(name: string, all: readonly T[], otherwise: T) {
    this.#name = name;
    this.#all = all;
    this.#otherwise = otherwise;
    this.value = this.#kept();
  }

  /** What the person chose here; it holds until the config says something. */
  choose(value: T): void {
    this.value = value;
    keep(this.#name, value);
  }

  /** What the config says; null where it says nothing. What was chosen here before is over once it does. */
  told(value: string | null): void {
    keep(`${this.#name}.config`, value);
    if (value !== null) keep(this.#name, null);
    this.value = this.#kept();
  }

  #kept(): T {
    const kept = read(`${this.#name}.config`) ?? read(this.#name);
    return this.#all.find((one) => one === kept) ?? this.#otherwise;
  }
}

function read(name: string): string | null {
  try {
    return localStorage.getItem(name) ?? unkept.get(name) ?? null;
  } catch {
    return unkept.get(name) ?? null;
  }
}

function keep(name: string, value: string | null): void {
  unkept.delete(name);
  try {
    if (value === null) localStorage.removeItem(name);
    else localStorage.setItem(name, value);
  } catch {
    if (value !== null) unkept.set(name, value);
  }
}
