/** Two texts beside each other: which lines they share, which each has alone. Pure. */

export interface Pair {
  left: string | null;
  right: string | null;
  same: boolean;
}

/** Beyond so many pairs of lines, finding what they share takes too long; line by line is good enough then. */
const MOST = 4_000_000;

export function sideBySide(left: string, right: string): Pair[] {
  const [a, b] = [lines(left), lines(right)];
  if (a.length * b.length > MOST) return paired(a, b);
  const common = lengths(a, b);
  const pairs: Pair[] = [];
  let gone: string[] = [];
  let come: string[] = [];
  const flush = () => {
    pairs.push(...paired(gone, come));
    [gone, come] = [[], []];
  };
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      flush();
      pairs.push({ left: a[i] as string, right: b[j] as string, same: true });
      i += 1;
      j += 1;
    } else if (j >= b.length || (i < a.length && at(common, b, i + 1, j) >= at(common, b, i, j + 1))) {
      gone.push(a[i] as string);
      i += 1;
    } else {
      come.push(b[j] as string);
      j += 1;
    }
  }
  flush();
  return pairs;
}

function lines(text: string): string[] {
  return text === '' ? [] : text.split('\n');
}

function paired(a: readonly string[], b: readonly string[]): Pair[] {
  return Array.from({ length: Math.max(a.length, b.length) }, (_, index) => {
    const [left, right] = [a[index] ?? null, b[index] ?? null];
    return { left, right, same: left === right };
  });
}

/** How many lines the rests of both share, from each line on. */
function lengths(a: readonly string[], b: readonly string[]): Uint32Array {
  const wide = b.length + 1;
  const table = new Uint32Array((a.length + 1) * wide);
  for (let i = a.length - 1; i >= 0; i -= 1) {
    for (let j = b.length - 1; j >= 0; j -= 1) {
      const both = (table[(i + 1) * wide + j + 1] ?? 0) + 1;
      table[i * wide + j] = a[i] === b[j] ? both : Math.max(table[(i + 1) * wide + j] ?? 0, table[i * wide + j + 1] ?? 0);
    }
  }
  return table;
}

function at(table: Uint32Array, b: readonly string[], i: number, j: number): number {
  return table[i * (b.length + 1) + j] ?? 0;
}
