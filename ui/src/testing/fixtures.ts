/** Small true-to-shape things for tests; each test changes only what it is about. */
import type { Group, Member, Provider, RequestDetail, RequestRow, Status } from '../api/types';

export function status(part: Partial<Status> = {}): Status {
  return {
    version: '0.1.0',
    uptime: 60,
    mode: 'auto',
    active_group: 'main',
    active_provider: 'a',
    serving_group: 'main',
    in_flight: 0,
    suspended: 0,
    today: { requests: 12, failures: 1, input_tokens: 100, output_tokens: 20, cost_usd: '1.5' },
    groups: [
      { name: 'main', state: 'active' },
      { name: 'spare', state: 'standby' },
    ],
    problems: [],
    practice_outage: false,
    ...part,
  };
}

export function member(provider: string, part: Partial<Member> = {}): Member {
  return { provider, priority: 1, weight: 1, health: 'healthy', ...part };
}

export function group(name: string, part: Partial<Group> = {}): Group {
  return { name, active: false, paused: false, state: 'standby', policy: 'priority', members: [], ...part };
}

export function provider(name: string, part: Partial<Provider> = {}): Provider {
  return { name, dialect: 'anthropic', base_url: 'https://a.example', enabled: true, health: 'healthy', ...part };
}

/** A request that started so many seconds into an hour. */
export function row(id: string, second: number, part: Partial<RequestRow> = {}): RequestRow {
  return {
    id,
    started_at: new Date(Date.UTC(2026, 0, 1, 12, 0, second)).toISOString(),
    status: 'completed',
    provider: 'a',
    client: 'claude-code',
    model_requested: 'claude-opus-4-1',
    model_used: 'claude-opus-4-1',
    attempts: 1,
    ...part,
  };
}

export function detail(id: string, part: Partial<RequestDetail> = {}): RequestDetail {
  const { attempts: _, ...rest } = row(id, 0);
  return { ...rest, attempts: [], ...part };
}
