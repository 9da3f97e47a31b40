/**
 * Things dragged to another place in their list, or into another list, by pointer events: those work alike with a
 * mouse, a pen and a finger, and in webviews that keep drag and drop for files to themselves.
 *
 * A list is an element with `data-sort-list`, its things have `data-sort-item`. Keys do the same by other ways.
 */

export interface Spot {
  list: string;
  /** Before which of the list's things; their number means behind the last. */
  before: number;
}

export interface Taken {
  list: string;
  id: string;
  index: number;
}

/** How far the pointer goes before a press becomes a drag, in pixels. */
const THRESHOLD = 4;
/** How near the edge of what scrolls it begins to scroll, and how fast, in pixels. */
const EDGE = 36;

export class Sorting {
  /** What is dragged, once it is. */
  taken = $state.raw<Taken | null>(null);
  /** Where it would go. */
  spot = $state.raw<Spot | null>(null);
  #end: (() => void) | null = null;

  constructor(
    private readonly drop: (taken: Taken, spot: Spot) => void,
    /** Whether a thing may go into a list. */
    private readonly takes: (taken: Taken, list: string) => boolean = () => true,
  ) {}

  /** For `onpointerdown` of a thing or its handle. */
  press(event: PointerEvent, taken: Taken): void {
    if (event.button !== 0 || this.#end) return;
    const from = [event.clientX, event.clientY] as const;
    const move = (to: PointerEvent) => {
      if (!this.taken && Math.hypot(to.clientX - from[0], to.clientY - from[1]) < THRESHOLD) return;
      to.preventDefault();
      this.taken = taken;
      this.spot = this.#at(to.clientX, to.clientY, taken);
      scroll(to.clientX, to.clientY);
    };
    const up = () => {
      const { spot } = this;
      const dragged = this.taken;
      this.#end?.();
      if (!dragged || !spot) return;
      const same = spot.list === taken.list && (spot.before === taken.index || spot.before === taken.index + 1);
      if (!same) this.drop(dragged, spot);
    };
    const key = (press: KeyboardEvent) => {
      if (press.key !== 'Escape') return;
      press.preventDefault();
      press.stopPropagation();
      this.#end?.();
    };
    const cancel = () => this.#end?.();
    addEventListener('pointermove', move);
    addEventListener('pointerup', up);
    addEventListener('pointercancel', cancel);
    addEventListener('keydown', key, true);
    this.#end = () => {
      removeEventListener('pointermove', move);
      removeEventListener('pointerup', up);
      removeEventListener('pointercancel', cancel);
      removeEventListener('keydown', key, true);
      this.#end = null;
      this.taken = null;
      this.spot = null;
    };
  }

  /** Ends what is under way, for when its page goes. */
  stop(): void {
    this.#end?.();
  }

  /** Whether the thing would go before this one. */
  marks(list: string, before: number): boolean {
    return this.spot?.list === list && this.spot.before === before;
  }

  #at(x: number, y: number, taken: Taken): Spot | null {
    const list = document.elementFromPoint(x, y)?.closest<HTMLElement>('[data-sort-list]');
    const name = list?.dataset['sortList'];
    if (!list || name === undefined) return null;
    if (name !== taken.list && !this.takes(taken, name)) return null;
    const items = [...list.querySelectorAll<HTMLElement>('[data-sort-item]')];
    const before = items.findIndex((item) => {
      const { top, height } = item.getBoundingClientRect();
      return y < top + height / 2;
    });
    return { list: name, before: before < 0 ? items.length : before };
  }
}

/** Scrolls whatever is under the pointer when that is near its edge. */
function scroll(x: number, y: number): void {
  let node: Element | null = document.elementFromPoint(x, y);
  for (; node; node = node.parentElement) {
    const { overflowX, overflowY } = getComputedStyle(node);
    const box = node.getBoundingClientRect();
    if (/auto|scroll/.test(overflowY) && node.scrollHeight > node.clientHeight) {
      if (y < box.top + EDGE) node.scrollTop -= EDGE / 2;
      else if (y > box.bottom - EDGE) node.scrollTop += EDGE / 2;
    }
    if (/auto|scroll/.test(overflowX) && node.scrollWidth > node.clientWidth) {
      if (x < box.left + EDGE) node.scrollLeft -= EDGE / 2;
      else if (x > box.right - EDGE) node.scrollLeft += EDGE / 2;
    }
  }
}
