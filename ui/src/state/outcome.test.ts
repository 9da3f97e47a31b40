import { describe, expect, it } from 'vitest';
import { i18n } from '../i18n/index.svelte';
import { failure, isTurnedAway, type Ended } from './outcome';

const failed = (part: Partial<Ended>): Ended => ({ status: 'failed', reason: 'rate_limited', http_status: 429, attempts: 0, ...part });

describe('why a request failed', () => {
  it.each<[string, Ended, boolean, string]>([
    ['a token at its limit', failed({}), true, 'token’s limit'],
    ['in full', failed({ attempts: [] }), true, 'token’s limit'],
    ['a token that may not', failed({ reason: 'auth', http_status: 403 }), true, 'not allowed'],
    ['a budget', failed({ reason: 'budget', http_status: 402 }), true, 'budget spent'],
    ['a provider’s limit', failed({ attempts: 1 }), false, 'rate limited'],
    ['every provider rests', failed({ reason: 'overloaded', http_status: 529 }), false, 'not served'],
    ['every key was refused', failed({ reason: 'auth', http_status: 401 }), false, 'key refused'],
    ['nothing failed', failed({ status: 'completed' }), false, ''],
  ])('%s', (_, row, away, words) => {
    i18n.choose('en');
    expect([isTurnedAway(row), failure(row)]).toEqual([away, words]);
  });
});
