/** The config: single settings, and the whole text. */
import { get, patch, post, put, type Mistake } from './http';

/** `list`: of numbers and texts, or of what has a place of its own on the page. */
export type SettingType = 'string' | 'boolean' | 'integer' | 'number' | 'duration' | 'size' | 'strings' | 'list';
export type SettingValue = string | number | boolean | readonly (string | number)[] | null;

export interface Setting {
  /** Where it stands in the config, such as `routing.suspend.max`. */
  path: string;
  section: string;
  type: SettingType;
  value: SettingValue;
  default: SettingValue;
  /** Stands in the file; else the default holds. */
  written: boolean;
  /** The words allowed; of a list, of its entries. */
  choices: readonly string[] | null;
  unit: string | null;
  /** Takes effect at the next start. */
  restart: boolean;
  description: string;
}

export interface Config {
  path: string;
  /** The text, secrets masked; null while it is not shown. */
  toml: string | null;
  /** Why it is not shown. */
  hidden?: string | null;
  errors: Mistake[];
  /** Whether it is what is in force; else the one before it is. */
  in_use: boolean;
  etag: string;
}

/** Giving room back rewrites the whole ledger. */
const LONG_MS = 300_000;

export const settingsApi = {
  list: async () => (await get<{ items: Setting[] }>('/settings')).items,
  /** `null` goes back to the default. */
  change: (values: Readonly<Record<string, SettingValue>>) => patch<{ items: Setting[] }>('/settings', values),
  config: () => get<Config>('/config'),
  check: (toml: string) => post<{ valid: boolean; errors: Mistake[] }>('/config/check', { toml }),
  /** Refused with 412 when the file is no longer the one of `etag`. */
  write: (toml: string, etag: string) => put<Config>('/config', { toml }, { headers: { 'if-match': etag } }),
  vacuum: () => post<{ bytes_before: number; bytes_after: number }>('/ledger/vacuum', {}, { patience: LONG_MS }),
};
