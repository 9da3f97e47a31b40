/**
 * The config as it is written, for what the daemon's views leave out (timeouts, headers, how a key is presented).
 * Secrets in it are masked. The reader of TOML is fetched with the first question.
 */
import { providersApi } from '../api/providers';

export type Table = Readonly<Record<string, unknown>>;

export interface Written {
  providers: Table[];
  groups: Table[];
}

export async function written(ask: () => Promise<{ toml: string }> = providersApi.config): Promise<Written> {
  const [{ toml }, { parse }] = await Promise.all([ask(), import('smol-toml')]);
  const root = parse(toml) as Table;
  return { providers: tables(root['providers']), groups: tables(root['groups']) };
}

/** The thing of this name, or nothing. */
export function named(list: readonly Table[], name: string): Table | null {
  return list.find((table) => table['name'] === name) ?? null;
}

function tables(value: unknown): Table[] {
  return Array.isArray(value) ? (value as Table[]) : [];
}
