import { describe, expect, it } from 'vitest';
import { en } from './en/index';
import { pickLanguage } from './index.svelte';
import { zhCN } from './zh-CN/index';

/** All sources but the dictionaries and the tests, as text. */
const SOURCES = import.meta.glob<string>(['../**/*.{svelte,ts}', '!./{en,zh-CN}/**', '!../**/*.test.ts'], {
  eager: true,
  query: '?raw',
  import: 'default',
});

describe('dictionaries', () => {
  it('have_the_same_keys', () => {
    expect(Object.keys(zhCN).sort()).toEqual(Object.keys(en).sort());
  });

  it('have_no_empty_text', () => {
    for (const dictionary of [en, zhCN]) {
      for (const [key, text] of Object.entries(dictionary)) expect(text, key).not.toBe('');
    }
  });

  it('hold_nothing_that_no_page_says', () => {
    const text = Object.values(SOURCES).join('\n');
    expect(text.length).toBeGreaterThan(10_000);
    const unused = Object.keys(en).filter((key) => {
      const prefix = /^([a-zA-Z]+_)/.exec(key)?.[1];
      return !new RegExp(`(\\bt\\.|')${key}\\b`).test(text) && !(prefix && (text.includes(`'${prefix}'`) || text.includes(`\`${prefix}$`)));
    });
    expect(unused).toEqual([]);
  });

  it('have_words_under_each_beginning_that_a_page_asks_for', () => {
    const asked = Object.values(SOURCES).flatMap((text) => [...text.matchAll(/i18n\.word\('(\w+)'/g)].map(([, prefix = '']) => prefix));
    expect(asked.length).toBeGreaterThan(10);
    expect([...new Set(asked)].filter((prefix) => !Object.keys(en).some((key) => key.startsWith(prefix)))).toEqual([]);
  });

  it('take_the_same_parameters_and_use_them', () => {
    for (const [key, text] of Object.entries(en)) {
      if (typeof text !== 'function') continue;
      const said = (text as (...args: unknown[]) => string)('⟨1⟩', '⟨2⟩', '⟨3⟩');
      const other = (zhCN[key as keyof typeof zhCN] as (...args: unknown[]) => string)('⟨1⟩', '⟨2⟩', '⟨3⟩');
      const marks = (line: string) => (line.match(/⟨\d⟩/g) ?? []).sort();
      expect(marks(other), key).toEqual(marks(said));
    }
  });
});

describe('pickLanguage', () => {
  it.each([
    [null, ['de-DE', 'zh-Hans-CN'], 'zh-CN'],
    [null, ['en-GB', 'zh-CN'], 'en'],
    [null, ['fr'], 'en'],
    ['zh-CN', ['en'], 'zh-CN'],
    ['klingon', ['zh'], 'zh-CN'],
  ])('%s, %j → %s', (stored, preferred, wanted) => {
    expect(pickLanguage(stored, preferred)).toBe(wanted);
  });
});
