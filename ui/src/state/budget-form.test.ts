import { describe, expect, it } from 'vitest';
import { asBudgetForm, asWritten, tokenOf } from './budget-form';

const FORM = { name: 'daily', limit: '20', per: 'day', then: 'notify', scope: '' };

describe('a budget', () => {
  it('is_written_with_what_it_counts', () => {
    expect(asWritten(FORM, null)).toEqual({ name: 'daily', limit_usd: 20, per: 'day', then: 'notify' });
    expect(asWritten({ ...FORM, scope: 'group:a:b' }, null)).toMatchObject({ group: 'a:b' });
  });

  it('keeps_what_the_form_does_not_know', () => {
    const before = { name: 'd', limit_usd: 5, at: [0.5, 1], token: 'ci', provider: 'relay' };
    expect(asWritten({ ...asBudgetForm(before), limit: '7.5' }, before)).toEqual({ ...before, limit_usd: 7.5, per: 'day', then: 'notify' });
    const other = asWritten({ ...asBudgetForm(before), scope: 'group:main' }, before);
    expect([other?.token, other?.provider, other?.group, other?.at]).toEqual([undefined, undefined, 'main', [0.5, 1]]);
  });

  it.each([
    [{ name: 'of token ci', token: 'ci' }, 'ci'],
    [{ name: 'of token ci', token: null }, null],
    [{ name: 'ci', token: 'ci' }, null],
  ])('%j is the own limit of %j', (budget, token) => expect(tokenOf(budget)).toBe(token));

  it.each([{ name: ' ' }, { limit: '' }, { limit: '0' }, { limit: '-2' }, { limit: 'ten' }])('with %j is not written', (part) => {
    expect(asWritten({ ...FORM, ...part }, null)).toBeNull();
  });
});
