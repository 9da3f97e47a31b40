/** The chosen language. `t.key` in a template follows a change of it. */
import { en } from './en/index';
import type { Same } from './same';
import { zhCN } from './zh-CN/index';

export type Messages = Same<typeof en>;
type Plain = { [K in keyof Messages]: Messages[K] extends string ? K : never }[keyof Messages];

export const LANGUAGES = { en: 'English', 'zh-CN': '简体中文' } as const;
export type Language = keyof typeof LANGUAGES;

const DICTIONARIES: Record<Language, Messages> = { en, 'zh-CN': zhCN };
const STORE = 'turnout.language';

export function pickLanguage(stored: string | null, preferred: readonly string[]): Language {
  if (stored === 'en' || stored === 'zh-CN') return stored;
  for (const tag of preferred) {
    if (/^zh\b/i.test(tag)) return 'zh-CN';
    if (/^en\b/i.test(tag)) return 'en';
  }
  return 'en';
}

class I18n {
  language = $state<Language>(pickLanguage(read(), navigator.languages));
  readonly messages = $derived(DICTIONARIES[this.language]);
  /** For Intl: the person's own flavour of the language (en-GB) where it is the same language. */
  readonly locale = $derived(
    navigator.languages.find((tag) => tag.split('-')[0] === this.language.split('-')[0]) ?? this.language,
  );

  choose(language: Language): void {
    this.language = language;
    try {
      localStorage.setItem(STORE, language);
    } catch {
      // a browser that keeps nothing still shows the choice until it is closed
    }
  }

  /** A word of the daemon's in the person's language; a word not known here is shown as it is. */
  word(prefix: string, word: string | null | undefined): string {
    if (!word) return '';
    const text = this.messages[`${prefix}${word}` as Plain] as string | undefined;
    return text ?? word.replaceAll('_', ' ');
  }
}

export const i18n = new I18n();

/** `t.close`, `t.backIn('42 s')`: always in the chosen language. */
export const t: Messages = new Proxy({} as Messages, {
  get: (_, key) => i18n.messages[key as keyof Messages],
});

function read(): string | null {
  try {
    return localStorage.getItem(STORE);
  } catch {
    return null;
  }
}
