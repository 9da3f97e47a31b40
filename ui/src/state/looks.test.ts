import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { Setting } from '../api/settings';
import { i18n } from '../i18n/index.svelte';
import { appearance } from './appearance.svelte';
import { live } from './live.svelte';
import { followConfig, speak, wear } from './looks.svelte';
import { settings } from './settings.svelte';

const setting = (path: string, value: string, written = true) => ({ path, value, written, default: 'system' }) as Setting;

function config(...all: Setting[]) {
  settings.value = all;
  followConfig();
}

beforeEach(() => {
  localStorage.clear();
  settings.value = null;
  i18n.told(null);
  appearance.told(null);
  live.toasts = [];
  vi.restoreAllMocks();
});

describe('language and appearance', () => {
  it('are_as_the_config_has_them_whatever_was_chosen_here', () => {
    i18n.choose('en');
    appearance.choose('light');
    config(setting('desktop.language', 'zh-CN'), setting('desktop.theme', 'dark'));
    expect([i18n.language, i18n.chosen, appearance.theme]).toEqual(['zh-CN', 'zh-CN', 'dark']);
    expect(document.documentElement.dataset.theme).toBe('dark');
    config(setting('desktop.language', 'system'), setting('desktop.theme', 'system'));
    expect([i18n.language, i18n.chosen, appearance.theme]).toEqual(['en', 'system', 'system']);
  });

  it('stay_as_chosen_here_where_the_config_says_nothing', () => {
    i18n.choose('zh-CN');
    config(setting('desktop.language', 'system', false));
    expect(i18n.language).toBe('zh-CN');
  });

  it('go_back_to_the_system_when_the_line_is_taken_out_of_the_config', () => {
    i18n.choose('zh-CN');
    config(setting('desktop.language', 'zh-CN'));
    config(setting('desktop.language', 'system', false));
    expect(i18n.chosen).toBe('system');
  });

  it('are_written_into_the_config', async () => {
    const change = vi.spyOn(settings, 'change').mockResolvedValue(true);
    await Promise.all([speak('zh-CN'), wear('dark')]);
    expect(change.mock.calls).toEqual([['desktop.language', 'zh-CN'], ['desktop.theme', 'dark']]);
    expect([i18n.language, appearance.theme, live.toasts]).toEqual(['zh-CN', 'dark', []]);
  });

  it('tell_when_they_could_not_be_written', async () => {
    vi.spyOn(settings, 'change').mockResolvedValue(false);
    await wear('dark');
    expect(live.toasts).toHaveLength(1);
  });
});
