/** What other tools left on this machine, and taking it in. */
import { all, post } from './http';

export interface Found {
  id: string;
  kind: 'key' | 'server' | 'settings';
  title: string;
  preset?: string | null;
  variable?: string | null;
  masked?: string | null;
  base_url?: string | null;
  path?: string | null;
  models: string[];
  /** The configured provider that is this already. */
  provider?: string | null;
}

/** One thing that is told, with where it stands in the source. */
export interface ImportNote {
  place: string;
  what: string;
}

export interface ImportReport {
  source: string;
  dry_run: boolean;
  providers: string[];
  groups: string[];
  rules: string[];
  tokens: string[];
  keychain: string[];
  taken: ImportNote[];
  changed: ImportNote[];
  left: ImportNote[];
  known: ImportNote[];
  /** What has to be done before all of it serves. */
  warnings: string[];
  /** The group that is active since, as nothing but practice served before. */
  activated?: string | null;
  toml: string;
}

export interface ImportSource {
  path?: string;
  text?: string;
  env?: boolean;
}

export interface LogReport {
  folder: string;
  dry_run: boolean;
  files: number;
  requests: number;
  taken: number;
  known: number;
  running: number;
  proxied: number;
  unpriced: number;
  unreadable: number;
  cost_usd: string;
  since?: string | null;
  until?: string | null;
}

/** What came of taking up what was found. */
export interface TakeReport {
  /** The providers that serve it now. */
  providers: { name: string }[];
  groups: string[];
  known: unknown[];
  activated?: string | null;
  warnings?: string[];
}

const LONG_MS = 600_000;

export const importsApi = {
  found: () => all<Found>('/found'),
  take: (ids: readonly string[]) => post<TakeReport>('/found/take', { ids }),
  config: (source: ImportSource, dry_run: boolean) => post<ImportReport>('/import/config', { ...source, dry_run }),
  claudeLogs: (dry_run: boolean, folder?: string) =>
    post<LogReport>('/import/claude-logs', { dry_run, ...(folder ? { folder } : {}) }, { patience: LONG_MS }),
};
