/** Light or dark, as chosen or as the system has it. `public/appearance.js` does the same before the first paint. */
import { Choice } from './choice.svelte';

export const THEMES = ['system', 'light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];

class Appearance {
  #choice = new Choice<Theme>('turnout.theme', THEMES, 'system');
  #system = matchMedia('(prefers-color-scheme: dark)');

  constructor() {
    this.#system.addEventListener('change', () => this.#show());
  }

  get theme(): Theme {
    return this.#choice.value;
  }

  choose(theme: Theme): void {
    this.#choice.choose(theme);
    this.#show();
  }

  /** What the config says; null where it says nothing. */
  told(theme: string | null): void {
    this.#choice.told(theme);
    this.#show();
  }

  #show(): void {
    const dark = this.theme === 'dark' || (this.theme === 'system' && this.#system.matches);
    document.documentElement.dataset.theme = dark ? 'dark' : 'light';
  }
}

export const appearance = new Appearance();
