import { describe, expect, it } from 'vitest';
import { SETTINGS } from '../i18n/setting-words';
import type { Setting, SettingType } from '../api/settings';
import { asText, fromText, toggled } from './setting-value';
import { homeOf, matchingSettings } from './settings.svelte';

function setting(path: string, part: Partial<Setting> = {}): Setting {
  return { path, section: '', type: 'string', value: '', default: '', written: false, choices: null, unit: null, restart: false, description: '', ...part };
}

describe('fromText', () => {
  it.each<[SettingType, string, unknown]>([
    ['integer', ' 50 ', 50],
    ['integer', '5.5', undefined],
    ['integer', '', null],
    ['number', '0.5', 0.5],
    ['duration', '90 s', '90s'],
    ['duration', '250ms', '250ms'],
    ['duration', '90', undefined],
    ['duration', 'soon', undefined],
    ['size', '64 MiB', '64MiB'],
    ['size', 'big', undefined],
    ['string', ' a ', 'a'],
    ['strings', 'a\n\n b{1,2}', ['a', 'b{1,2}']],
    ['list', '529\ntoo busy', [529, 'too busy']],
    ['strings', '', []],
  ])('%s %j → %j', (type, text, wanted) => {
    expect(fromText({ type }, text)).toEqual(wanted);
  });

  it('takes_back_what_is_shown', () => {
    expect(fromText({ type: 'strings' }, asText(['a', 'b']))).toEqual(['a', 'b']);
    expect(fromText({ type: 'integer' }, asText(7))).toBe(7);
    expect(asText(null)).toBe('');
  });
});

describe('toggled', () => {
  it('keeps_the_order_of_the_choices', () => {
    expect(toggled(['c'], 'a', ['a', 'b', 'c'])).toEqual(['a', 'c']);
    expect(toggled(['a', 'c'], 'c', ['a', 'b', 'c'])).toEqual(['a']);
  });
});

describe('settings', () => {
  it('are_found_by_path_name_and_meaning_in_either_language', () => {
    const all = [setting('routing.cooldown'), setting('server.listen'), setting('new.thing', { description: 'About whales.' })];
    const paths = (question: string, language: 'en' | 'zh-CN' = 'en') => matchingSettings(all, question, language).map((one) => one.path);
    expect(paths('cooldown')).toEqual(['routing.cooldown']);
    expect(paths('rest failure')).toEqual(['routing.cooldown']);
    expect(paths('监听', 'zh-CN')).toEqual(['server.listen']);
    expect(paths('whales')).toEqual(['new.thing']);
    expect(paths('')).toHaveLength(3);
  });

  it('have_a_home_and_the_same_names_in_both_languages', () => {
    expect(homeOf({ path: 'log.level' })).toBe('server');
    expect(homeOf({ path: 'ledger.retention' })).toBe('history');
    expect(Object.keys(SETTINGS['zh-CN']).sort()).toEqual(Object.keys(SETTINGS.en).sort());
  });
});
