/** The chosen language. `t.key` in a template follows a change of it. */
import { Choice } from '../state/choice.svelte';
import { en } from './en/index';
import type { Same } from './same';
import { zhCN } from './zh-CN/index';

export type Messages = Same<typeof en>;
type Plain = { [K in keyof Messages]: Messages[K] extends string ? K : never }[keyof Messages];

export const LANGUAGES = { en: 'English', 'zh-CN': '简体中文' } as const;
export type Language = keyof typeof LANGUAGES;
/** What can be chosen: `system` is the first of the browser's languages that there is. */
export const SPOKEN = ['system', 'en', 'zh-CN'] as const;
export type Spoken = (typeof SPOKEN)[number];

const DICTIONARIES: Record<Language, Messages> = { en, 'zh-CN': zhCN };

export function pickLanguage(chosen: string | null, preferred: readonly string[]): Language {
  if (chosen === 'en' || chosen === 'zh-CN') return chosen;
  for (const tag of preferred) {
    if (/^zh\b/i.test(tag)) return 'zh-CN';
    if (/^en\b/i.test(tag)) return 'en';
  }
  return 'en';
}

class I18n {
  #choice = new Choice<Spoken>('turnout.language', SPOKEN, 'system');
  readonly language = $derived(pickLanguage(this.#choice.value, navigator.languages));
  readonly messages = $derived(DICTIONARIES[this.language]);
  /** For Intl: the person's own flavour of the language (en-GB) where it is the same language. */
  readonly locale = $derived(
    navigator.languages.find((tag) => tag.split('-')[0] === this.language.split('-')[0]) ?? this.language,
  );

  /** A language, or `system` for the browser's. */
  get chosen(): Spoken {
    return this.#choice.value;
  }

  choose(language: Spoken): void {
    this.#choice.choose(language);
  }

  /** What the config says; null where it says nothing. */
  told(language: string | null): void {
    this.#choice.told(language);
  }

  /** Whether a sentence of the daemon's is in another language than the window. */
  foreign(text: string): boolean {
    return /\p{Script=Han}/u.test(text) !== (this.language === 'zh-CN');
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
