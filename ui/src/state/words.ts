/** Which text says a state, for all who say it. */
import type { GroupState, Health, RequestStatus } from '../api/types';
import type { State } from './summary';

export const HEALTH_WORDS = {
  healthy: 'healthHealthy',
  degraded: 'healthDegraded',
  open: 'healthOpen',
  half_open: 'healthHalfOpen',
  cooling: 'healthCooling',
  disabled: 'healthDisabled',
  unknown: 'healthUnknown',
} as const satisfies Record<Health, string>;

export const STATUS_WORDS = {
  pending: 'statusPending',
  forwarding: 'statusForwarding',
  streaming: 'statusStreaming',
  completed: 'statusCompleted',
  failed: 'statusFailed',
  cancelled: 'statusCancelled',
} as const satisfies Record<RequestStatus, string>;

export const STATE_WORDS = {
  ok: 'stateOk',
  degraded: 'stateDegraded',
  suspended: 'stateSuspended',
  down: 'stateDown',
  paused: 'statePaused',
} as const satisfies Record<State, string>;

/** How a group chooses its next member, by the word of the config. */
export const POLICY_WORDS = {
  priority: 'policyPriority',
  weighted: 'policyWeighted',
  'round-robin': 'policyRoundRobin',
  'least-busy': 'policyLeastBusy',
  fastest: 'policyFastest',
  cheapest: 'policyCheapest',
} as const;

export const GROUP_WORDS = {
  active: 'groupActive',
  standby: 'groupStandby',
  cooling: 'groupCooling',
  paused: 'groupPaused',
} as const satisfies Record<GroupState, string>;
