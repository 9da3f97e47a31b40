/** The columns of the history: which there are, which a person chose, and which of them fit. Pure but for what is kept. */
import type { RequestRow } from '../api/types';

export const COLUMNS = [
  'time', 'status', 'model', 'provider', 'group', 'client', 'token', 'session', 'key',
  'in', 'out', 'cached', 'cost', 'ttft', 'speed', 'duration', 'attempts',
] as const; // prettier-ignore
export type Column = (typeof COLUMNS)[number];

/** Least width in pixels; a share says that it takes of what is left over. The rank tells who goes first where it is narrow. */
interface Shape {
  px: number;
  share?: number;
  rank: number;
  num?: boolean;
}

export const SHAPES: Readonly<Record<Column, Shape>> = {
  time: { px: 92, rank: 2 },
  status: { px: 112, rank: 1 },
  model: { px: 130, share: 1.8, rank: 0 },
  provider: { px: 80, share: 0.8, rank: 3 },
  group: { px: 76, share: 0.7, rank: 11 },
  client: { px: 80, share: 0.5, rank: 8 },
  token: { px: 84, share: 0.6, rank: 12 },
  session: { px: 92, share: 0.7, rank: 13 },
  key: { px: 64, rank: 15 },
  in: { px: 50, rank: 6, num: true },
  out: { px: 48, rank: 7, num: true },
  cached: { px: 54, rank: 14, num: true },
  cost: { px: 64, rank: 4, num: true },
  ttft: { px: 66, rank: 10, num: true },
  speed: { px: 60, rank: 16, num: true },
  duration: { px: 64, rank: 5, num: true },
  attempts: { px: 36, rank: 9, num: true },
};

/** The model's column where it holds two names: what was asked for, and what was used. */
const TWO_NAMES: Shape = { px: 296, share: 4, rank: 0 };

export const USUAL: readonly Column[] = ['time', 'status', 'model', 'provider', 'client', 'in', 'out', 'cost', 'ttft', 'duration', 'attempts'];
export const GAP_PX = 12;
export const EDGE_PX = 16;
/** Heights, with which the virtual list counts: a row, one of two lines, the headings. */
export const ROW_PX = 34;
export const TALL_ROW_PX = 56;
export const HEAD_PX = 28;
/** Below this width of the list a request takes two lines; with two names of a model sooner. */
const NARROW_PX = 560;
const NARROW_FOR_TWO_PX = 700;

/** Whether a list of this width has two lines for a request. */
export function isTall(width: number, twoNames = false): boolean {
  return width > 0 && width < (twoNames ? NARROW_FOR_TWO_PX : NARROW_PX);
}

/** The model that was used, where it is another than the one that was asked for. */
export function renamed({ model_requested: asked, model_used: used }: Pick<RequestRow, 'model_requested' | 'model_used'>): string | null {
  return used && used !== asked ? used : null;
}

function shape(column: Column, twoNames: boolean): Shape {
  return twoNames && column === 'model' ? TWO_NAMES : SHAPES[column];
}

/** The chosen columns that fit side by side into a width, the least important left out first. */
export function fit(chosen: readonly Column[], width: number, twoNames = false): Column[] {
  const shown = COLUMNS.filter((column) => chosen.includes(column));
  const needed = () => shown.reduce((sum, column) => sum + shape(column, twoNames).px + GAP_PX, 2 * EDGE_PX - GAP_PX);
  while (shown.length > 1 && needed() > width) {
    const last = shown.reduce((a, b) => (SHAPES[b].rank > SHAPES[a].rank ? b : a));
    shown.splice(shown.indexOf(last), 1);
  }
  return shown;
}

/** For `grid-template-columns`. */
export function template(columns: readonly Column[], twoNames = false): string {
  return columns.map((column) => track(shape(column, twoNames))).join(' ');
}

function track({ px, share }: Shape): string {
  return share ? `minmax(${px}px, ${share}fr)` : `${px}px`;
}

const STORE = 'turnout.history.columns';

export function readColumns(): Column[] {
  try {
    const kept = (localStorage.getItem(STORE) ?? '').split(' ');
    const known = COLUMNS.filter((column) => kept.includes(column));
    return known.length ? known : [...USUAL];
  } catch {
    return [...USUAL];
  }
}

export function keepColumns(columns: readonly Column[]): void {
  try {
    if (columns.join(' ') === USUAL.join(' ')) localStorage.removeItem(STORE);
    else localStorage.setItem(STORE, columns.join(' '));
  } catch {
    // a browser that keeps nothing still shows the choice until it is closed
  }
}
