/** The window's keys: which press means what. The listener is the shell's; what a press means is decided here. */
import { VIEWS } from '../views/pages';
import { PAGES, type Page } from './route.svelte';

const APPLE = /Mac|iPhone|iPad/.test(navigator.platform);
export const MODIFIER = APPLE ? '⌘' : 'Ctrl';
/** How long `g` waits for its letter, in milliseconds. */
const PATIENCE_MS = 1200;

export type Meaning = { do: 'palette' | 'help' | 'search' } | { do: 'go'; page: Page };

export class Keys {
  #leader = -Infinity;

  /** What a press means; `null` when it is not for the shell. Presses in a text field belong to the field. */
  read(event: KeyboardEvent, now: number): Meaning | null {
    if ((APPLE ? event.metaKey : event.ctrlKey) && !event.altKey && event.key.toLowerCase() === 'k') return { do: 'palette' };
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || writes(event.target)) return null;
    const led = now - this.#leader < PATIENCE_MS;
    this.#leader = event.key === 'g' && !led ? now : -Infinity;
    if (led) {
      const page = PAGES.find((name) => VIEWS[name].letter === event.key);
      return page ? { do: 'go', page } : null;
    }
    if (event.key === '?') return { do: 'help' };
    return event.key === '/' ? { do: 'search' } : null;
  }
}

function writes(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target instanceof HTMLInputElement && /^(radio|checkbox|button|submit)$/.test(target.type)) return false;
  return target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
}
