/** What the daemon tells of a provider's troubles and limits, as sentences for people. */
import type { Forecast, Quota } from '../api/types';
import { i18n, t } from '../i18n/index.svelte';
import { clock, count, percent, remaining } from './format';

/** The daemon tells `reason` or `reason (model)`; anything else is shown as it came. A model that is named beside it is left out. */
export function fault(told: string, named?: string): string {
  const [, reason, model] = /^([a-z_]+)(?: \((.+)\))?$/.exec(told) ?? [];
  if (!reason) return told;
  return i18n.word('fault_', reason) + (model && model !== named ? ` (${model})` : '');
}

/** `5-hour limit: 42% left`; null of a limit that is not told in a way that means something. */
export function quota(one: Quota): string {
  const left = one.unit === 'share' ? percent(one.left, i18n.locale) : count(one.left, i18n.locale);
  return t.providersQuotaLeft(i18n.word('providersLimit_', one.what), left);
}

/** When a limit will be hit, or nothing when that is past. */
export function forecast(one: Forecast | null | undefined, now: number): string | null {
  const left = remaining(one?.at, now);
  if (!one || left === null) return null;
  return t.providersForecast(i18n.word('providersLimit_', one.what), clock(left));
}

/** The one that is nearest to its end, of those that are told as a share. */
export function tightest(quotas: readonly Quota[] | null | undefined): Quota | null {
  const shares = (quotas ?? []).filter((one) => one.unit === 'share');
  return shares.reduce<Quota | null>((least, one) => (least === null || one.left < least.left ? one : least), null);
}

/** A capital letter in front; what begins with a name in quotes or with a sign stays. */
function sentenceCase(text: string): string {
  return text.replace(/^\p{Ll}/u, (letter) => letter.toUpperCase());
}

export interface Blamed {
  /** What is wrong with each field, by its place such as `when.regex`. */
  fields: Readonly<Record<string, string>>;
  /** The whole sentence, where some of it is of no field that is shown; else empty. */
  rest: string;
}

/** Whose fault it is that something would not be valid: the daemon names places such as `` `rules.when.hour` ``. */
export function blamed(told: string, known: readonly string[]): Blamed {
  const fields: Record<string, string> = {};
  for (const clause of told.replace(/^this would not be valid: /, '').split(/;\s+(?=`)/)) {
    const [, place = '', why = ''] = /^`([\w.]+)` (.+)$/s.exec(clause) ?? [];
    const field = known.find((one) => place === one || place.endsWith(`.${one}`));
    if (field === undefined) return { fields: {}, rest: told };
    fields[field] = sentenceCase(why);
  }
  return { fields, rest: '' };
}
