/** What is left of a provider's limits: which to show, how grave each is. Pure. */
import type { Forecast, Quota } from '../api/types';

export interface Limit extends Quota {
  tone: 'ok' | 'warn' | 'bad';
}

/** Below this share it is worth a look, below that it is about to be used up. */
const LOW = 0.25;
const LAST = 0.08;
const SHOWN = 3;

/**
 * The limits worth a line each: those that will be used up first, then the windows of a subscription, then what is left
 * of counts that is forecast. A count alone, with no end in sight, tells nothing: the vendor fills it up each minute.
 */
export function limits(quotas: readonly Quota[] | null | undefined, now: number): Limit[] {
  const told = (quotas ?? []).filter((quota) => !quota.resets_at || Date.parse(quota.resets_at) > now);
  const worth = told.filter((quota) => quota.unit === 'share' || quota.used_up_at);
  return worth
    .sort((a, b) => end(a) - end(b) || share(a) - share(b))
    .slice(0, SHOWN)
    .map((quota) => ({ ...quota, tone: tone(quota) }));
}

function end(quota: Quota): number {
  return quota.used_up_at ? Date.parse(quota.used_up_at) : Infinity;
}

function share(quota: Quota): number {
  return quota.unit === 'share' ? quota.left : 1;
}

function tone(quota: Quota): Limit['tone'] {
  if (quota.left <= 0 || share(quota) < LAST) return 'bad';
  return quota.used_up_at || share(quota) < LOW ? 'warn' : 'ok';
}

/** A forecast that no shown limit tells already, such as one of the owner's own limits. */
export function untold(forecast: Forecast | null | undefined, shown: readonly Quota[], now: number): Forecast | null {
  if (!forecast || Date.parse(forecast.at) <= now) return null;
  return shown.some((quota) => quota.what === forecast.what && quota.used_up_at) ? null : forecast;
}
