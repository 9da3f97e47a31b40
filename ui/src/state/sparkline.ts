/** The shape of a small line of numbers. Pure: values in, SVG paths out. */

export interface Drawn {
  line: string;
  area: string;
}

/** Values from left to right; `null` is a gap, and a value alone between gaps is a dot. `top` is the value at the upper edge. */
export function sparkline(values: readonly (number | null)[], width: number, height: number, top?: number): Drawn {
  const highest = top ?? Math.max(0, ...values.filter((value) => value !== null));
  const inset = 1;
  const x = (index: number) => round(values.length < 2 ? width / 2 : (index * width) / (values.length - 1));
  const y = (value: number) => {
    const share = highest > 0 ? Math.min(1, Math.max(0, value / highest)) : 0;
    return round(height - inset - share * (height - 2 * inset));
  };
  let line = '';
  let area = '';
  for (const run of runs(values)) {
    const points = run.map(([index, value]) => `${x(index)} ${y(value)}`);
    const [first = '', ...rest] = points;
    line += `M${first}${rest.length ? rest.map((point) => `L${point}`).join('') : 'h0'}`;
    const from = run[0]?.[0] ?? 0;
    const to = run.at(-1)?.[0] ?? 0;
    if (rest.length) area += `M${x(from)} ${height}L${points.join('L')}L${x(to)} ${height}Z`;
  }
  return { line, area };
}

/** Neighbours that have a value, each with its place. */
function runs(values: readonly (number | null)[]): [number, number][][] {
  const found: [number, number][][] = [];
  let open: [number, number][] | null = null;
  for (const [index, value] of values.entries()) {
    if (value === null) {
      open = null;
      continue;
    }
    if (!open) found.push((open = []));
    open.push([index, value]);
  }
  return found;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
