/** The calls of the providers' page: presets, drafts, providers, their keys, and groups with their members. */
import { all, del, get, part, post, put, query } from './http';
import type { Series } from './overview';
import type { Forecast, Group, Key, Provider, Quota } from './types';

export interface Limits {
  rpm?: number | null;
  tpm?: number | null;
  concurrency?: number | null;
}

/** Models by tier, best first. */
export interface Models {
  big: string[];
  middle: string[];
  small: string[];
}

/** A provider with all that the daemon tells of it. */
export interface FullProvider extends Provider {
  limits?: Limits | null;
  models?: Models | null;
  /** How many it has. */
  keys?: number;
  groups?: string[];
  forecast?: Forecast | null;
  quotas?: Quota[] | null;
}

export interface FullKey extends Key {
  limits?: Limits | null;
  forecast?: Forecast | null;
}

/** How a key is presented: a word, or the header or query parameter that carries it. */
export type Auth = string | { header: string } | { query: string };

/** A provider that is known before it is configured. */
export interface Preset {
  name: string;
  title: string;
  vendor?: string | null;
  dialect: string;
  base_url: string;
  auth: Auth;
  models?: Models | null;
  variable?: string | null;
  keys_url?: string | null;
  local: boolean;
  placeholders: string[];
  note?: string | null;
}

/** What a tiny real request told. */
export interface Trial {
  ok: boolean;
  provider: string;
  model: string;
  model_answered?: string | null;
  latency_ms: number;
  http_status?: number | null;
  request_id?: string | null;
  error?: string | null;
}

export interface ListedModel {
  id: string;
  name?: string | null;
  context?: number | null;
  max_output?: number | null;
  embeds?: boolean | null;
}

/** Fields of the config, as the daemon takes them; `null` takes one away. */
export type Fields = Readonly<Record<string, unknown>>;

export interface Place {
  provider: string;
  priority: number;
  weight: number;
}

const at = (provider: string) => `/providers/${part(provider)}`;
/** A key's id is `PROVIDER/NUMBER`; its number alone names it in a path. */
const keyAt = (key: Key) => `${at(key.provider)}/keys/${key.id.slice(key.id.lastIndexOf('/') + 1)}`;

export const providersApi = {
  presets: () => all<Preset>('/presets'),
  series: (minutes: number, buckets: number) => get<Series>(`/series${query({ minutes, buckets })}`),
  add: (fields: Fields) => post<FullProvider>('/providers', fields),
  change: (name: string, fields: Fields) => put<FullProvider>(at(name), fields),
  remove: (name: string) => del(at(name)),
  enable: (name: string) => post<FullProvider>(`${at(name)}/enable`),
  disable: (name: string) => post<FullProvider>(`${at(name)}/disable`),
  /** Forgets why it rests, so that the next request tries it. */
  reset: (name: string) => post<FullProvider>(`${at(name)}/reset`),
  test: (name: string) => post<Trial>(`${at(name)}/test`),
  /** Whether a key that is sent can be kept. */
  keychain: () => get<{ available: boolean; file: boolean }>('/keychain'),
  models: (name: string) => all<ListedModel>(`${at(name)}/models`),
  testDraft: (fields: Fields) => post<Trial>('/drafts/test', fields),
  modelsOfDraft: (fields: Fields) => post<{ items: ListedModel[] }>('/drafts/models', fields).then((list) => list.items),
  addKey: (provider: string, value: string) => post<FullKey>(`${at(provider)}/keys`, { value }),
  testKey: (key: Key) => post<Trial>(`${keyAt(key)}/test`),
  rotateKey: (key: Key, value: string) => post<FullKey>(`${keyAt(key)}/rotate`, { value }),
  removeKey: (key: Key) => del(keyAt(key)),
  addGroup: (fields: Fields) => post<Group>('/groups', fields),
  changeGroup: (name: string, fields: Fields) => put<Group>(`/groups/${part(name)}`, fields),
  removeGroup: (name: string) => del(`/groups/${part(name)}`),
  orderGroups: (order: readonly string[]) => put<unknown>('/groups', { order }),
  config: () => get<{ toml: string }>('/config'),
};
