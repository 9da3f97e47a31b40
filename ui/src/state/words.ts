/** Which text says a state, for all who say it. */
import type { GroupState, Health } from '../api/types';

export const HEALTH_WORDS = {
  healthy: 'healthHealthy',
  degraded: 'healthDegraded',
  open: 'healthOpen',
  half_open: 'healthHalfOpen',
  cooling: 'healthCooling',
  disabled: 'healthDisabled',
  unknown: 'healthUnknown',
} as const satisfies Record<Health, string>;

export const GROUP_WORDS = {
  active: 'groupActive',
  standby: 'groupStandby',
  cooling: 'groupCooling',
  paused: 'groupPaused',
} as const satisfies Record<GroupState, string>;
