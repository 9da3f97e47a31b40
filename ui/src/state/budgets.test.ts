import { expect, it } from 'vitest';
import type { Budget } from '../api/budgets';
import { consequence } from './budgets';

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
