/**
 * The admin API's shapes, as far as this page reads them. Times are RFC 3339 UTC strings, money is a decimal
 * string in USD and never becomes a float. Fields that an older or younger daemon may leave out are optional.
 */

import type { Budget } from './budgets';
import type { LogLine } from './logs';

export type Mode = 'auto' | 'manual';
export type Health = 'healthy' | 'degraded' | 'open' | 'half_open' | 'cooling' | 'disabled' | 'unknown';
export type GroupState = 'active' | 'standby' | 'cooling' | 'paused';
export type RequestStatus = 'pending' | 'forwarding' | 'streaming' | 'completed' | 'failed' | 'cancelled';
export type Mark = 'retrying' | 'suspended';
export type NoticeKind = 'failover' | 'recovery' | 'all-down' | 'auth' | 'budget';

export interface Tokens {
  input_tokens?: number | null;
  output_tokens?: number | null;
  cache_read_tokens?: number | null;
  cache_write_5m_tokens?: number | null;
  cache_write_1h_tokens?: number | null;
  cache_write_tokens?: number | null;
  reasoning_tokens?: number | null;
}

export interface Today extends Tokens {
  requests: number;
  failures: number;
  cost_usd: string | null;
}

export interface Status {
  version: string;
  /** Seconds. */
  uptime: number;
  mode: Mode;
  active_group: string | null;
  /** The budget that chose the active group, where nobody has chosen one since. */
  takeover?: Takeover | null;
  active_provider: string | null;
  /** The group that provider is taken from: another than the active one after a failover. */
  serving_group?: string | null;
  in_flight: number;
  suspended: number;
  today: Today;
  groups: { name: string; state: GroupState }[];
  /** As they were last looked at. */
  budgets?: Budget[];
  /** What a person should look at: a broken config, a missing key, no keychain, a ledger that cannot write. */
  problems?: Problem[];
  /** Whether the practice providers are made to fail. */
  practice_outage?: boolean | null;
}

export interface Takeover {
  budget: string;
  /** The group that was active before, which may be chosen again. */
  from?: string | null;
  since: string;
}

export interface Problem {
  kind: string;
  /** One sentence: what, where, what to do. */
  message: string;
}

export interface Member {
  provider: string;
  priority: number;
  weight: number;
  health: Health;
  cooling_until?: string | null;
  ttft_ms?: number | null;
  /** 0 to 1. */
  success_rate?: number | null;
}

export interface Group {
  name: string;
  active: boolean;
  paused: boolean;
  state: GroupState;
  policy: string;
  cooling_until?: string | null;
  members: Member[];
}

export interface Provider {
  name: string;
  dialect: string;
  base_url: string;
  enabled: boolean;
  health: Health;
  /** What it lacks, for which it is not asked: a key; null where it is switched off by hand besides. */
  lacks?: string | null;
  cooling_until?: string | null;
  /** Models that rest at it while it does not rest as a whole: requests for others still go to it. */
  resting?: ModelRest[] | null;
  last_error?: string | null;
  ttft_ms?: number | null;
  success_rate?: number | null;
  /** What its vendor told of its limits, and when they will be used up as things go. */
  quotas?: Quota[] | null;
  /** The limit that will be hit first. */
  forecast?: Forecast | null;
}

export interface ModelRest {
  model: string;
  until: string;
}

export interface Quota {
  key?: string | null;
  model?: string | null;
  /** `requests`, `tokens`, `input_tokens`, `output_tokens`, `5h`, `7d`. */
  what: string;
  /** `share`: `left` is 0 to 1 of the whole. `count`: as many are left. */
  unit: 'share' | 'count';
  left: number;
  resets_at?: string | null;
  told_at?: string;
  /** Null: not before the reset, or unknown. */
  used_up_at?: string | null;
}

export interface Forecast {
  at: string;
  what: string;
  /** `model`, `key` or `provider`. */
  scope: string;
  provider: string;
  key?: string | null;
  model?: string | null;
}

export interface Key {
  id: string;
  provider: string;
  masked: string;
  /** Where its value comes from, such as `keychain:NAME`. */
  source?: string;
  state: string;
  uses: number;
  last_used_at?: string | null;
  cooling_until?: string | null;
}

interface RequestBase extends Tokens {
  id: string;
  started_at: string;
  status: RequestStatus;
  mark?: Mark | null;
  reason?: string | null;
  http_status?: number | null;
  client?: string | null;
  token?: string | null;
  session?: string | null;
  client_dialect?: string | null;
  provider_dialect?: string | null;
  path?: string | null;
  model_requested?: string | null;
  model_used?: string | null;
  model_answered?: string | null;
  provider?: string | null;
  /** Masked. */
  key?: string | null;
  group?: string | null;
  rule?: string | null;
  stream?: boolean | null;
  estimated?: boolean | null;
  cost_usd?: string | null;
  /** Tokens were used at a model whose price is unknown. */
  unpriced?: boolean | null;
  ttft_ms?: number | null;
  duration_ms?: number | null;
  tokens_per_second?: number | null;
  /** What it cost that it left a warm cache. */
  switch_cost_usd?: string | null;
  error?: string | null;
  /** Whose log it was taken from, where it did not come through here. */
  source?: string | null;
  /** The earlier request that it is, sent again. */
  replay_of?: string | null;
}

/** A row of the history; `attempts` is a count. */
export interface RequestRow extends RequestBase {
  attempts: number;
}

export interface Attempt extends Tokens {
  attempt?: number;
  provider: string | null;
  key?: string | null;
  group?: string | null;
  model?: string | null;
  model_answered?: string | null;
  /** The provider's own id of the request. */
  upstream_id?: string | null;
  started_at: string;
  duration_ms?: number | null;
  /** From its start. */
  ttft_ms?: number | null;
  http_status?: number | null;
  verdict?: string | null;
  /** Given up because another attempt, raced against it, was faster. */
  hedged?: boolean;
  reason?: string | null;
  error?: string | null;
  estimated?: boolean;
  cost_usd?: string | null;
  /** The price as it was at the time. */
  price?: FrozenPrice | null;
}

/** USD per million tokens, as decimal strings. */
export interface FrozenPrice {
  model: string;
  /** Whose prices they are; `config` for one's own. */
  seller?: string | null;
  date?: string | null;
  long_context?: boolean;
  service?: string | null;
  multiplier?: string | number | null;
  input: string | number;
  output: string | number;
  cache_read?: string | number | null;
  cache_write_5m?: string | number | null;
  cache_write_1h?: string | number | null;
}

/** Something that happened to a request, in its order. */
export interface TimelineEvent {
  at: string | null;
  name: string;
  attempt?: number | null;
  detail?: string | null;
}

/** A place that a request could have gone to. */
export interface Candidate {
  provider: string;
  model?: string | null;
  key?: string | null;
  group?: string | null;
  usable: boolean;
  why: string;
}

/** One request in full; `attempts` is the chain. */
export interface RequestDetail extends RequestBase {
  attempts: Attempt[];
  /** Kind of token → decimal USD. */
  cost?: Record<string, string | null> | null;
  losses?: unknown[] | null;
  events?: TimelineEvent[] | null;
  explain?: { rule?: string | null; group?: string | null; candidates?: Candidate[] } | null;
  bodies?: { attempt: number; part: string }[];
}

export interface Notice {
  kind: NoticeKind;
  title: string;
  body: string;
  at: string;
  /** Grows by one with each notice since the daemon started. */
  id?: number;
  /** Whom it is about: who failed, came back or refuses a key. */
  provider?: string | null;
  /** The group that serves instead, where it is another. */
  group?: string | null;
  /** The page that explains it, such as `/history?status=failed`. */
  page?: string;
  /** How many like it were folded into it. */
  more?: number;
  /** Who serves now, of a failover. */
  to?: string | null;
  /** Why it failed, in the words of attempts. */
  reason?: string | null;
  /** What leaving a warm cache cost, of a failover. */
  cost_usd?: string | null;
  /** The id of the key that is refused; null where there is but one credential. */
  key?: string | null;
  budget?: SpentBudget | null;
}

/** What of a budget was spent when a mark of it was reached, and what was done about it. */
export interface SpentBudget {
  name: string;
  /** The mark, of 1. */
  share: number;
  spent_usd: string;
  limit_usd: string;
  done: 'told' | 'refused' | 'chosen' | 'not_chosen';
  until?: string | null;
  /** Why the group could not be chosen. */
  why?: string | null;
}

export interface Connect {
  base_url: string;
  /** Null where none is demanded. */
  token: string | null;
  env: Record<string, string>;
}

export interface List<T> {
  items: T[];
  next_cursor: string | null;
}

/** What the stream sends, by event name. */
export interface StreamEvents {
  status: Status;
  provider: Provider;
  group: Group;
  request: RequestRow;
  notice: Notice;
  log: LogLine;
}
