/**
 * The config as it is written, for what the daemon's views leave out (timeouts, headers, how a key is presented).
 * Secrets in it are masked. The reader of TOML is fetched with the first question.
 */
import { providersApi } from '../api/providers';
import { settingsApi } from '../api/settings';

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

/**
 * Throws what the daemon would find wrong with the config once it is changed so, for changes that take several calls:
 * none of them is made when the last would be refused. What is wrong already is no matter here.
 */
export async function rehearse(
  change: (root: Table) => Table,
  ask: () => Promise<{ toml: string | null }> = providersApi.config,
  check: (toml: string) => Promise<{ errors: readonly { message: string }[] }> = settingsApi.check,
): Promise<void> {
  const [{ toml }, { parse, stringify }] = await Promise.all([ask(), import('smol-toml')]);
  if (toml === null) return;
  const wrong = async (root: Table) => (await check(stringify(root))).errors.map((mistake) => mistake.message);
  const root = parse(toml) as Table;
  const [before, after] = await Promise.all([wrong(root), wrong(change(root))]);
  const found = after.find((message) => !before.includes(message));
  if (found !== undefined) throw new Error(found);
}

/** The thing of this name, or nothing. */
export function named(list: readonly Table[], name: string): Table | null {
  return list.find((table) => table['name'] === name) ?? null;
}

export function tables(value: unknown): Table[] {
  return Array.isArray(value) ? (value as Table[]) : [];
}
