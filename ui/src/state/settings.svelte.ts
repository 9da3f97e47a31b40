/** The settings as the daemon has them, and changing one: what was asked for shows at once, and goes back when it was refused. */
import { ApiError } from '../api/http';
import { settingsApi, type Setting, type SettingValue } from '../api/settings';
import { settingWords } from '../i18n/setting-words';
import type { Language } from '../i18n/index.svelte';
import { Turns } from './as-seen';
import { Resource, words } from './resource.svelte';
import type { Section } from './sections';

/** How long it is said that something was saved, in milliseconds. */
const SAID_MS = 2500;

/** What has a section of its own. */
const ELSEWHERE: ReadonlySet<string> = new Set(['ledger.budgets']);

/** Which section of the page shows a part of the config. */
const HOMES: Readonly<Record<string, Section>> = { desktop: 'general', server: 'server', log: 'server', telemetry: 'server', routing: 'routing', ledger: 'history' };

/** Lists of things that are more than words are shown by a section of their own, or in the config's text alone. */
function hasRow({ path, type, value }: Pick<Setting, 'path' | 'type' | 'value'>): boolean {
  if (type !== 'list') return true;
  return !ELSEWHERE.has(path) && Array.isArray(value) && value.every((entry) => typeof entry !== 'object');
}

export function homeOf(setting: Pick<Setting, 'path'>): Section {
  return HOMES[setting.path.split('.')[0] ?? ''] ?? 'server';
}

export class Settings extends Resource<Setting[]> {
  /** What is being saved, by path: the last that was asked for. */
  saving = $state.raw<ReadonlyMap<string, { value: SettingValue }>>(new Map());
  /** What was refused, by path, in the daemon's words; empty where it was not reached, or let nobody in. */
  refused = $state.raw<ReadonlyMap<string, string>>(new Map());
  /** What was saved a moment ago. */
  saved = $state<string | null>(null);
  /** The daemon gets changes in the order in which they were made, and the page its answers. */
  #turns = new Turns();

  constructor() {
    super(settingsApi.list);
  }

  of(section: Section): Setting[] {
    return (this.value ?? []).filter((setting) => homeOf(setting) === section && hasRow(setting));
  }

  get(path: string): Setting | undefined {
    return this.value?.find((setting) => setting.path === path);
  }

  /** What to show for a setting: what was asked for while that is on its way. */
  shown(setting: Setting): SettingValue {
    const saving = this.saving.get(setting.path);
    return saving ? saving.value : setting.value;
  }

  /** Saves a value; null goes back to the default. True when the daemon took it. */
  async change(path: string, value: SettingValue): Promise<boolean> {
    const wish = { value: value ?? this.get(path)?.default ?? null };
    this.saving = new Map(this.saving).set(path, wish);
    this.refused = without(this.refused, path);
    try {
      const answer = await this.#turns.take(() => settingsApi.change({ [path]: value }));
      this.take(answer.items);
      this.saved = path;
      setTimeout(() => this.saved === path && (this.saved = null), SAID_MS);
      return true;
    } catch (cause) {
      // A session that is over says nothing about the value.
      const over = cause instanceof ApiError && cause.unauthorised;
      this.refused = new Map(this.refused).set(path, over ? '' : words(cause));
      return false;
    } finally {
      if (this.saving.get(path) === wish) this.saving = without(this.saving, path);
    }
  }
}

/** The settings that a question finds: in their path, their name or what they mean, every word of it. */
export function matchingSettings(settings: readonly Setting[], question: string, language: Language): Setting[] {
  const asked = question.trim().toLowerCase().split(/\s+/).filter(Boolean);
  return settings.filter((setting) => {
    if (!hasRow(setting)) return false;
    const { name, about } = settingWords(setting, language);
    const text = `${setting.path} ${name} ${about}`.toLowerCase();
    return asked.every((word) => text.includes(word));
  });
}

function without<T>(map: ReadonlyMap<string, T>, key: string): ReadonlyMap<string, T> {
  const rest = new Map(map);
  rest.delete(key);
  return rest;
}

export const settings = new Settings();
