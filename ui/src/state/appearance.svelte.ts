/** Light or dark, as chosen or as the system has it. `public/appearance.js` does the same before the first paint. */

export const THEMES = ['system', 'light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];
const STORE = 'turnout.theme';

class Appearance {
  theme = $state<Theme>(read());
  #system = matchMedia('(prefers-color-scheme: dark)');

  constructor() {
    this.#system.addEventListener('change', () => this.#show());
  }

  choose(theme: Theme): void {
    this.theme = theme;
    try {
      localStorage.setItem(STORE, theme);
    } catch {
      // a browser that keeps nothing still shows the choice until it is closed
    }
    this.#show();
  }

  #show(): void {
    const dark = this.theme === 'dark' || (this.theme === 'system' && this.#system.matches);
    document.documentElement.dataset.theme = dark ? 'dark' : 'light';
  }
}

function read(): Theme {
  try {
    const stored = localStorage.getItem(STORE);
    return THEMES.find((theme) => theme === stored) ?? 'system';
  } catch {
    return 'system';
  }
}

export const appearance = new Appearance();
