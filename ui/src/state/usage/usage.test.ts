import { describe, expect, it, vi } from 'vitest';
import type { ModelPrice } from '../../api/prices';
import type { UsageRow } from '../../api/usage';
import { decimal, share, units } from '../decimal';
import { amount, byTries, cacheShare, change, unlike } from './figures';
import { inSteps, layered, MOST } from './layers';
import { days, readDay, readPeriod, shift, stepAt, stepSpan, writeDay } from './period';
import { priceOf, savings } from './savings';
import { sorted } from './sorting';
import { week } from './week';

// A place whose clocks change, wherever the test runs.
vi.stubEnv('TZ', 'Europe/Berlin');

const NONE = { p50: null, p95: null };
function row(key: string | null, more: Partial<UsageRow> = {}): UsageRow {
  return { key, requests: 1, failures: 0, cost_usd: '0', unpriced: 0, ttft_ms: NONE, duration_ms: NONE, ...more };
}

describe('decimal', () => {
  it.each(['0', '0.1', '12.000000000001', '-3.5', '123456789012345678901234567890.25'])('%s survives', (text) => {
    expect(decimal(units(text))).toBe(text);
  });

  it('sums_without_losing_a_digit', () => {
    expect(decimal(units('0.1') + units('0.2') + units('0.000000000001'))).toBe('0.300000000001');
  });

  it.each([null, undefined, '', 'NaN', '1e9'])('%j is nothing', (text) => expect(units(text)).toBe(0n));

  it('gives_shares_of_nothing_too', () => expect([share(1n, 4n), share(1n, 0n)]).toEqual([0.25, 0]));
});

describe('what rows come to', () => {
  const total = { requests: 3, failures: 1 };

  it('is_told_where_it_is_not_what_there_is_in_all', () => {
    expect(unlike([row('a', { requests: 2, failures: 2 }), row('b', { requests: 3 })], total)).toEqual({ requests: 5, failures: 2 });
    expect(unlike([row('a', { requests: 2, failures: 1 }), row('b')], total)).toBeNull();
  });

  it.each([['model', true], ['key', true], ['client', false], ['hour', false]] as const)('by %s counts tries: %s', (by, tries) => {
    expect(byTries(by)).toBe(tries);
  });
});

describe('period', () => {
  const now = new Date(2026, 10, 22, 15, 30);

  it.each([
    ['today', 'hour', 24, '2026-11-22', '2026-11-21'],
    ['7d', 'day', 7, '2026-11-16', '2026-11-09'],
    ['30d', 'day', 30, '2026-10-24', '2026-09-24'],
    ['month', 'day', 22, '2026-11-01', '2026-10-01'],
    ['none of ours', 'day', 7, '2026-11-16', '2026-11-09'],
  ])('%s is drawn by %s in %i steps', (name, step, steps, since, before) => {
    const period = readPeriod({ period: name }, now);
    expect([period.step, period.steps.length, writeDay(period.since), writeDay(period.before.since)]).toEqual([step, steps, since, before]);
    expect(period.before.until.getHours(), 'as much of the time before as has passed').toBe(15);
  });

  it('takes_days_in_any_order_and_all_of_the_last', () => {
    const period = readPeriod({ period: 'custom', since: '2026-03-10', until: '2026-03-01' }, now);
    expect([writeDay(period.since), days(period), writeDay(period.before.since)]).toEqual(['2026-03-01', 10, '2026-02-19']);
    expect(period.before.until).toEqual(period.since);
  });

  it('counts_days_over_a_change_of_clocks', () => {
    const period = readPeriod({ period: 'custom', since: '2026-10-20', until: '2026-10-30' }, now);
    expect(period.steps.map(writeDay)).toEqual(Array.from({ length: 11 }, (_, n) => `2026-10-${20 + n}`));
    expect(period.steps.every((at) => at.getHours() === 0)).toBe(true);
    const long = readPeriod({ period: 'custom', since: '2026-10-25', until: '2026-10-25' }, now);
    expect(long.steps).toHaveLength(25);
  });

  it.each([['2026-01-01', '2026-05-01', 'week'], ['2024-01-01', '2026-05-01', 'month']])('from %s to %s it goes by %s', (since, until, step) => {
    const period = readPeriod({ period: 'custom', since, until }, now);
    expect(period.step).toBe(step);
    expect(period.steps.length).toBeLessThan(60);
  });

  it('compares_a_long_month_with_a_short_one', () => {
    const period = readPeriod({ period: 'month' }, new Date(2026, 2, 31, 12));
    expect(writeDay(period.before.since)).toBe('2026-02-01');
    expect(period.before.until.getTime()).toBeLessThanOrEqual(period.since.getTime());
  });

  it('finds_the_step_of_a_time', () => {
    const period = readPeriod({}, now);
    const at = (date: Date) => stepAt(period, date.getTime());
    expect([at(period.since), at(now), at(shift(now, 1)), at(shift(now, -9))]).toEqual([0, 6, -1, -1]);
    expect(stepSpan(period, 6).until).toEqual(period.until);
  });

  it.each(['2026-02-30', 'today', '', undefined])('%j is no day', (text) => expect(readDay(text)).toBeNull());
});

describe('layers', () => {
  const many = Array.from({ length: MOST + 3 }, (_, n) => row(`m${n}`, { cost_usd: String(100 - n), requests: n === 9 ? 10_000 : 1 }));

  it('keeps_the_largest_and_sums_the_others', () => {
    const layers = layered([many, null], 'cost');
    expect(layers).toHaveLength(MOST + 1);
    expect(layers.at(-1)).toMatchObject({ name: undefined, colour: -1 });
    const sum = layers.reduce((total, layer) => total + layer.total, 0n);
    expect(sum).toBe(many.reduce((total, one) => total + amount(one, 'cost'), 0n));
  });

  it('gives_a_name_the_same_colour_whatever_is_measured', () => {
    const colours = (metric: 'cost' | 'requests') => layered([many], metric).map((layer) => [layer.name, layer.colour]);
    expect(colours('requests')).toEqual(colours('cost'));
    expect(colours('cost')[0], 'cheap, but by far the most requests').toEqual(['m9', 0]);
  });

  it('puts_rows_into_their_steps', () => {
    const period = readPeriod({}, new Date(2026, 10, 22, 12));
    const rows = [row(new Date(2026, 10, 16).toISOString(), { requests: 2 }), row(new Date(2026, 10, 22, 9).toISOString()), row(null)];
    expect(inSteps(rows, period, 'requests')).toEqual([2n, 0n, 0n, 0n, 0n, 0n, 1n]);
  });
});

describe('figures', () => {
  it.each([
    [0n, 0n, { way: 'same' }],
    [0n, 5n, { way: 'new' }],
    [1000n, 1002n, { way: 'same' }],
    [100n, 125n, { way: 'more', by: 0.25 }],
    [100n, 0n, { way: 'less', by: 1 }],
  ])('from %s to %s', (before, now, wanted) => expect(change(before, now)).toEqual(wanted));

  it('knows_no_cache_share_without_a_prompt', () => {
    expect(cacheShare(row('a'))).toBeNull();
    expect(cacheShare(row('a', { input_tokens: 1, cache_read_tokens: 3 }))).toBe(0.75);
  });
});

describe('week', () => {
  it('puts_hours_where_the_clock_on_the_wall_was', () => {
    const found = week([row(new Date(2026, 10, 22, 14).toISOString(), { requests: 4 }), row(new Date(2026, 10, 16, 0).toISOString())], 'requests');
    expect(found.busiest).toEqual({ day: 6, hour: 14 });
    expect(found.cells[0]?.[0]).toBe(1n);
  });
});

describe('savings', () => {
  const price: ModelPrice = { model: 'a', seller: 'config', source: 'config.toml', provider: null, input: '3', output: '15', cache_read: '0.3', cache_write_5m: '3.75' };

  it('takes_what_writing_cost_off_what_reading_saved', () => {
    const rows = [row('a', { cache_read_tokens: 1_000_000, cache_write_5m_tokens: 1_000_000, cache_write_tokens: 1_000_000 })];
    expect(decimal(savings(rows, new Map([['a', price]])).saved)).toBe('1.95');
  });

  it('tells_what_prices_do_not', () => {
    const rows = [row('b', { cache_read_tokens: 5 }), row(null, { cache_read_tokens: 2 }), row('c')];
    expect(savings(rows, new Map([['a', price]]))).toEqual({ saved: 0n, untold: 7 });
  });

  it('takes_the_price_of_this_very_model', () => {
    expect(priceOf('a', [{ ...price, model: 'a-long' }, price])).toBe(price);
    expect(priceOf('b', [price])).toBeUndefined();
  });
});

describe('sorted', () => {
  const rows = [
    row('b', { cost_usd: '10', ttft_ms: { p50: 5, p95: 9 } }),
    row('a', { cost_usd: '9.5', ttft_ms: { p50: 7, p95: 9 } }),
    row(null, { cost_usd: '100' }),
  ];
  it.each([
    ['cost', false, [null, 'b', 'a']],
    ['cost', true, ['a', 'b', null]],
    ['name', false, ['a', 'b', null]],
    ['name', true, ['b', 'a', null]],
    ['ttft', false, ['a', 'b', null]],
    ['ttft', true, ['b', 'a', null]],
  ] as const)('by %s, turned %s', (column, turned, wanted) => {
    expect(sorted(rows, column, turned).map((one) => one.key)).toEqual(wanted);
  });
});
