import { describe, expect, it } from 'vitest';
import type { Budget } from '../api/budgets';
import { consequence, inForce } from './budgets';

it.each<[Budget['state'], string, string, string]>([
  ['ok', 'group:night', 'main', 'At the limit night takes over.'],
  ['reached', 'group:night', 'night', 'Reached: night has taken over.'],
  ['reached', 'group:night', 'main', 'Reached: it switches to night once a period.'],
  ['ok', 'notify', 'main', 'At the limit you are told.'],
  ['reached', 'notify', 'main', 'Reached: requests go on.'],
  ['ok', 'block', 'main', 'At the limit requests are refused.'],
  ['blocked', 'block', 'main', 'Used up: requests are refused.'],
])('a budget that is %s and does %s while %s is active', (state, then, active, words) => {
  expect(consequence({ state, then }, active)).toBe(words);
});

describe('a budget in force', () => {
  const budget = (name: string, part: Partial<Budget>): Budget => ({ name, limit_usd: '5', spent_usd: '5', per: 'day', since: '', until: '', share: 1, state: 'blocked', then: 'block', ...part });
  const takeover = { budget: 'daily', from: 'main', since: '2026-01-05T13:21:00Z' };
  const daily = budget('daily', { state: 'reached', then: 'group:night' });
  const all = [daily, budget('weekly', {}), budget('of token ci', { token: 'ci' })];

  it.each<[string, Parameters<typeof inForce>[0], string[]]>([
    ['is_none_without_any', {}, []],
    ['chose_the_group_or_refuses_requests', { takeover, budgets: all }, ['daily stands, chose', 'weekly stands, refuses']],
    ['may_refuse_what_the_group_it_chose_would_serve', { takeover, budgets: [{ ...daily, state: 'blocked', then: 'block' }, budget('weekly', {})] }, ['daily stands, chose, refuses', 'weekly stands, refuses']],
    ['is_none_once_somebody_chose_another_group', { takeover: null, budgets: [daily] }, []],
    ['may_be_gone_while_its_group_stays', { takeover, budgets: [] }, ['daily, chose']],
  ])('%s', (_, status, wanted) => {
    const told = inForce(status).map(({ name, budget, takeover, refuses }) => [budget ? `${name} stands` : name, takeover && 'chose', refuses && 'refuses'].filter(Boolean).join(', '));
    expect(told).toEqual(wanted);
  });
});
