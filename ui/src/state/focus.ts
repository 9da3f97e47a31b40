/**
 * Keeps the focus from getting lost. What has it may go: a row is removed, a button gives way to another or is disabled
 * while something is done, a dialog closes whose opener is no more. Then the focus goes to what took the place, or to
 * what is next to it, and without either to the page; never into a text field, where the next key would be written.
 */

/** Where an element stands: its ancestors, and its number among the children of each. */
interface Place {
  element: HTMLElement;
  /** What it is called, here and in other rows. */
  name: string | undefined;
  path: readonly { parent: Element; index: number }[];
}

const LAYER = 'dialog, [popover]';
const NEAR = 'button, a[href], summary, input[type="checkbox"], input[type="radio"], [tabindex="0"]';
/** How long what takes the place may take to come, in milliseconds. */
const PATIENCE_MS = 600;

/** Begins; returns how to stop. `page` names what is focused when there is nothing near. */
export function keepFocus(page: string): () => void {
  let last: Place | null = null;
  /** Whether it was disabled under the focus. */
  let disabled = false;
  let lostAt: number | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  /** From where each dialog and menu was opened. */
  const opened = new WeakMap<Element, Place>();

  function came(event: FocusEvent) {
    const element = event.target;
    if (!(element instanceof HTMLElement)) return;
    const layer = element.closest(LAYER);
    if (layer && last && !last.path.some(({ parent }) => parent === layer)) opened.set(layer, last);
    last = placeOf(element);
    disabled = false;
    lostAt = null;
  }

  function look() {
    const active = document.activeElement;
    if (!last || (active && active !== document.body)) return;
    if (isUsable(last.element)) {
      if (disabled) last.element.focus();
      return;
    }
    disabled = last.element.isConnected && last.element.matches(':disabled');
    if (disabled) return;
    lostAt ??= performance.now();
    const late = performance.now() - lostAt >= PATIENCE_MS;
    const home = document.querySelector<HTMLElement>(page);
    const to = near(last, { opened, home, far: late }) ?? (late ? home : null);
    if (to) to.focus();
    else if (!late) {
      clearTimeout(timer);
      timer = setTimeout(look, PATIENCE_MS);
    }
  }

  /** A press elsewhere takes the focus away on purpose. */
  const pressed = () => (last = null);
  const observer = new MutationObserver(look);
  observer.observe(document.body, { subtree: true, childList: true, attributes: true, attributeFilter: ['disabled', 'hidden'] });
  document.addEventListener('focusin', came);
  document.addEventListener('pointerdown', pressed, true);
  document.addEventListener('close', look, true);
  return () => {
    observer.disconnect();
    clearTimeout(timer);
    document.removeEventListener('focusin', came);
    document.removeEventListener('pointerdown', pressed, true);
    document.removeEventListener('close', look, true);
  };
}

function placeOf(element: HTMLElement): Place {
  const path = [];
  for (let it: Element = element; it.parentElement; it = it.parentElement) {
    path.push({ parent: it.parentElement, index: [...it.parentElement.children].indexOf(it) });
  }
  return { element, name: element.dataset['testid'], path };
}

interface Search {
  opened: WeakMap<Element, Place>;
  /** The page as a whole. What comes first on another page, or stands beside all pages, is no neighbour. */
  home: HTMLElement | null;
  /** Nothing else is to come: what is further away will do. */
  far: boolean;
}

/** What took the place of an element that is gone, or is next to it. */
function near(place: Place, search: Search, through: readonly Element[] = []): HTMLElement | null {
  if (isUsable(place.element)) return place.element;
  for (const { parent, index } of place.path) {
    const opener = parent.matches(LAYER) && !isOpen(parent) ? search.opened.get(parent) : undefined;
    if (opener && !through.includes(parent)) return near(opener, search, [...through, parent]);
    if (!parent.isConnected) continue;
    if (search.home && parent.contains(search.home)) return null;
    const after = [...parent.children].slice(index);
    const before = [...parent.children].slice(0, index).reverse();
    for (const child of [...after, ...before]) {
      const all = [child, ...child.querySelectorAll(NEAR)].filter((one) => one.matches(NEAR) && isUsable(one));
      // The same button of the next row, or of what was drawn anew.
      const found = all.find((one) => place.name && (one as HTMLElement).dataset['testid'] === place.name) ?? all[0];
      if (found) return found as HTMLElement;
    }
    if (!search.far) return null;
  }
  return null;
}

function isOpen(layer: Element): boolean {
  return layer.isConnected && (layer instanceof HTMLDialogElement ? layer.open : isShown(layer));
}

function isUsable(element: Element): boolean {
  return element.isConnected && !element.matches(':disabled') && isShown(element) && !element.closest('[inert]');
}

function isShown(element: Element): boolean {
  return element.checkVisibility?.() ?? true;
}
