import { describe, expect, it } from 'vitest';
import type { Budget } from '../api/budgets';
import type { Notice } from '../api/types';
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
  const budget = (part: Partial<Budget>): Budget => ({ name: 'daily', limit_usd: '5', spent_usd: '5', per: 'day', since: '', until: '', share: 1, state: 'reached', then: 'group:night', ...part });
  const notice = (part: Partial<Notice>): Notice => ({ kind: 'budget', title: '', body: '', at: '13:21', group: 'night', ...part });
  const of = (budgets: Budget[], groups = ['main', 'night'], notices = [notice({})]) =>
    inForce(budgets, 'night', groups, notices).map(({ group, since, back }) => [group, since, back]);
  const facts = { name: 'daily', share: 1, spent_usd: '5', limit_usd: '5', done: 'chosen', from: 'main' } as const;

  it.each<[string, ReturnType<typeof of>, ReturnType<typeof of>]>([
    ['is_none_before_its_limit', of([budget({ state: 'ok' })]), []],
    ['is_none_that_only_tells', of([budget({ then: 'notify' })]), []],
    ['is_none_once_another_group_was_chosen', of([budget({ then: 'group:main' })]), []],
    ['tells_since_when_and_whereto_back', of([budget({})]), [['night', '13:21', 'main']]],
    ['knows_no_way_back_among_many', of([budget({})], ['main', 'night', 'third']), [['night', '13:21', null]]],
    ['unless_it_is_told', of([budget({})], ['main', 'night', 'third'], [notice({ budget: facts })]), [['night', '13:21', 'main']]],
    ['does_not_go_back_to_what_is_gone', of([budget({})], ['night', 'third', 'fourth'], [notice({ budget: facts })]), [['night', '13:21', null]]],
    ['takes_no_other_budgets_time', of([budget({})], undefined, [notice({ budget: { ...facts, name: 'other' } })]), [['night', null, 'main']]],
    ['is_no_limit_of_a_single_token', of([budget({ state: 'blocked', name: 'of token ci', token: 'ci' })]), []],
    ['refuses_requests', of([budget({ state: 'blocked', then: 'block' })]), [[null, null, null]]],
  ])('%s', (_, found, wanted) => expect(found).toEqual(wanted));
});
