import { describe, expect, it } from 'vitest';
import type { ClientToken } from '../api/access';
import { asChange, asForm, changeOf, mistakes, withoutSpending } from './token-form';

const LIMITS = { rpm: 60, tpm: null, concurrency: null, usd: 2.5, per: 'week' };
const TOKEN: ClientToken = { name: 'ci', scopes: ['inference'], groups: ['main'], models: ['claude-*'], limits: LIMITS, expired: false, today: { requests: 0, cost_usd: '0' }, expires_at: '2027-01-31T14:00:00Z' };
const NEW = { ...asForm(null), name: 'ci' };

describe('a token', () => {
  it('is_for_inference_without_limits_at_first', () => {
    expect(asChange(NEW)).toEqual({ name: 'ci', scopes: ['inference'], groups: null, models: null, limits: null, expires_at: null });
  });

  it('sends_what_is_filled_in', () => {
    const change = asChange({ ...NEW, groups: ['main'], models: 'claude-*, gpt-5', rpm: '60', usd: '2.5', per: 'week' });
    expect(change).toMatchObject({ groups: ['main'], models: ['claude-*', 'gpt-5'], limits: { rpm: 60, usd: 2.5, per: 'week' } });
  });

  it.each([{ name: ' ' }, { scopes: [] }, { rpm: '0' }, { tpm: 'many' }, { usd: '-1' }])('with %j is not sent', (part) => {
    expect(asChange({ ...NEW, ...part })).toBeNull();
  });

  it.each([
    [{ name: 'my ci' }, { name: 'settingsTokenWrongName' }],
    [{ name: 'a/b' }, { name: 'settingsTokenWrongName' }],
    [{ name: 'Bücher.v2_@+-' }, {}],
    [{ name: '' }, {}],
    [{ rpm: 'abc', usd: '0' }, { rpm: 'settingsTokenWrongCount', usd: 'settingsTokenWrongUsd' }],
    [{ tpm: '4294967296' }, { tpm: 'settingsTokenWrongCount' }],
    [{ scopes: [] }, { scopes: 'settingsTokenWrongScopes' }],
    [{ expires: '2020-01-31' }, { expires: 'settingsTokenWrongDay' }],
  ])('with %j is told %j', (part, wanted) => {
    expect(mistakes({ ...NEW, ...part }, null, Date.parse('2026-11-22T12:00:00Z'))).toEqual(wanted);
  });

  it('finds_nothing_wrong_with_what_was_there_before', () => {
    const old = { ...TOKEN, name: 'an old name', expires_at: '2020-01-31T14:00:00Z' };
    expect(mistakes(asForm(old), old, Date.parse('2026-11-22T12:00:00Z'))).toEqual({});
  });

  it('is_good_to_the_end_of_its_last_day', () => {
    const { expires_at } = asChange({ ...NEW, expires: '2027-01-31' }) ?? {};
    expect(new Date(expires_at ?? '').getTime()).toBe(new Date('2027-02-01T00:00:00').getTime());
    expect(asForm({ ...TOKEN, expires_at: expires_at ?? null }).expires).toBe('2027-01-31');
  });

  it('keeps_the_hour_at_which_it_ends_when_something_else_is_changed', () => {
    expect(changeOf(TOKEN, asForm(TOKEN))).toEqual({});
    expect(changeOf(TOKEN, { ...asForm(TOKEN), rpm: '90' })).toEqual({ limits: { rpm: 90, usd: 2.5, per: 'week' } });
    expect(changeOf(TOKEN, { ...asForm(TOKEN), expires: '' })).toEqual({ expires_at: null });
    expect(changeOf(TOKEN, { ...asForm(TOKEN), rpm: 'many' })).toBeNull();
  });

  it('lets_go_of_what_is_taken_out', () => {
    const form = { ...asForm(TOKEN), groups: [], models: '', rpm: '', usd: '' };
    expect(changeOf(TOKEN, form)).toEqual({ groups: null, models: null, limits: null });
  });

  it('keeps_its_other_limits_when_the_one_of_spending_goes', () => {
    expect(withoutSpending(TOKEN)).toEqual({ limits: { rpm: 60 } });
    expect(withoutSpending({ ...TOKEN, limits: { ...LIMITS, rpm: null } })).toEqual({ limits: null });
  });
});
