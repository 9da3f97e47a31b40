import { beforeEach, describe, expect, it, vi } from 'vitest';
import { settingsApi, type Setting, type SettingValue } from '../api/settings';
import { Settings } from './settings.svelte';

const PATH = 'desktop.notify';
const list = (value: SettingValue): Setting[] => [
  { path: PATH, section: 'desktop', type: 'strings', value, default: [], written: true, choices: null, unit: null, restart: false, description: '' },
];

describe('a setting that is changed twice', () => {
  /** Ends the calls that are on their way, in the order in which they were made. */
  let calls: { value: SettingValue; end: (refusal?: Error) => void }[];
  let settings: Settings;
  const settle = () => new Promise((done) => setTimeout(done));
  const shown = () => settings.shown(settings.get(PATH)!);

  beforeEach(async () => {
    calls = [];
    vi.spyOn(settingsApi, 'list').mockResolvedValue(list(['a', 'b', 'c']));
    vi.spyOn(settingsApi, 'change').mockImplementation((values) => {
      const value = values[PATH] ?? null;
      return new Promise((done, refuse) => calls.push({ value, end: (refusal) => (refusal ? refuse(refusal) : done({ items: list(value) })) }));
    });
    settings = new Settings();
    await settings.load();
  });

  it('is_changed_in_that_order_and_shows_the_last_wish_all_along', async () => {
    const changes = [settings.change(PATH, ['a', 'b']), settings.change(PATH, ['a'])];
    await settle();
    expect(calls.map((call) => call.value)).toEqual([['a', 'b']]);
    calls[0]?.end();
    await settle();
    expect([shown(), settings.saving.has(PATH)]).toEqual([['a'], true]);
    calls[1]?.end();
    expect(await Promise.all(changes)).toEqual([true, true]);
    expect([shown(), settings.saving.has(PATH)]).toEqual([['a'], false]);
  });

  it('is_changed_the_second_time_although_the_first_was_refused', async () => {
    const changes = [settings.change(PATH, ['x']), settings.change(PATH, ['a'])];
    await settle();
    calls[0]?.end(new Error('no'));
    await settle();
    calls[1]?.end();
    expect(await Promise.all(changes)).toEqual([false, true]);
    expect(shown()).toEqual(['a']);
  });

  it('does_not_go_back_to_what_was_asked_for_before_the_change', async () => {
    let answer = (_: Setting[]) => {};
    vi.mocked(settingsApi.list).mockReturnValueOnce(new Promise((done) => (answer = done)));
    const load = settings.load();
    const change = settings.change(PATH, ['a']);
    await settle();
    calls[0]?.end();
    await change;
    answer(list(['a', 'b', 'c']));
    await load;
    expect(shown()).toEqual(['a']);
  });
});
