/** What the columns are called: short above the list, in full where they are chosen. */
import type { Messages } from '../../i18n/index.svelte';
import type { Column } from '../../state/history-columns';

type Name = keyof { [K in keyof Messages as Messages[K] extends string ? K : never]: K };

const HEADINGS: Readonly<Record<Column, Name>> = {
  time: 'colTime',
  status: 'colStatus',
  model: 'colModel',
  provider: 'colProvider',
  group: 'group',
  client: 'colClient',
  token: 'clientToken',
  session: 'session',
  key: 'key',
  in: 'colIn',
  out: 'colOut',
  cached: 'historyColCached',
  cost: 'colCost',
  ttft: 'colTtft',
  speed: 'speed',
  duration: 'colDuration',
  attempts: 'colAttempts',
};
const FULL: Partial<Record<Column, Name>> = {
  in: 'tokensIn',
  out: 'tokensOut',
  cached: 'historyColCachedFull',
  speed: 'historyColSpeedFull',
  attempts: 'attempts',
};

export function heading(t: Messages, column: Column): string {
  return t[HEADINGS[column]];
}

export function meaning(t: Messages, column: Column): string {
  return t[FULL[column] ?? HEADINGS[column]];
}
