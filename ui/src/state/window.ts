/** Which rows of a long list need to exist for what is in sight. Pure. */
export interface Slice {
  start: number;
  end: number;
}

/** Rows rendered beyond what is seen, each way, so that quick scrolling shows no gap. */
export const SPARE = 10;

export function visible(total: number, rowPx: number, scrollTop: number, heightPx: number): Slice {
  const first = Math.floor(Math.max(0, scrollTop) / rowPx) - SPARE;
  // Before the height is known, a screenful is guessed.
  const shown = Math.ceil((heightPx || 600) / rowPx) + 1;
  const start = Math.max(0, Math.min(first, total - 1));
  return { start, end: Math.min(total, Math.max(0, first) + shown + 2 * SPARE) };
}

/** The scroll position that brings a row wholly into sight, or the same one when it is. */
export function reveal(index: number, rowPx: number, scrollTop: number, heightPx: number): number {
  const top = index * rowPx;
  if (top < scrollTop) return top;
  if (top + rowPx > scrollTop + heightPx) return top + rowPx - heightPx;
  return scrollTop;
}
