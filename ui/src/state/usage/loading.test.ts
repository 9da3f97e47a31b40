import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { UsageReport, UsageRow } from '../../api/usage';
import { readPeriod } from './period';
import { Usage } from './usage.svelte';

const calls = vi.hoisted(() => ({ usage: vi.fn(), budgets: vi.fn(), prices: vi.fn() }));
vi.mock('../../api/usage', () => ({ ...calls, wholeUsage: calls.usage }));
vi.mock('../../api/budgets', () => ({ budgets: calls.budgets }));

const NONE = { p50: null, p95: null };
const row = (key: string | null, more: Partial<UsageRow> = {}): UsageRow => ({
  key,
  requests: 1,
  failures: 0,
  cost_usd: '1',
  unpriced: 0,
  ttft_ms: NONE,
  duration_ms: NONE,
  ...more,
});
const report = (rows: UsageRow[]): UsageReport => ({ items: rows, next_cursor: null, total: row(null) });
// Noon, when yesterday is settled.
const now = new Date(2026, 4, 20, 12);
const week = readPeriod({ period: '7d' }, now);
const asked = (by: string) => calls.usage.mock.calls.filter(([filter]) => (filter as { by: string }).by === by).length;

beforeAll(() => void vi.useFakeTimers({ toFake: ['Date'], now }));
afterAll(() => void vi.useRealTimers());
beforeEach(() => {
  calls.usage.mockReset().mockImplementation(async () => report([row('m')]));
  calls.budgets.mockReset().mockResolvedValue([]);
  calls.prices.mockReset().mockResolvedValue([]);
});

describe('usage', () => {
  it('asks_again_only_for_the_step_that_is_not_over', async () => {
    const usage = new Usage(week, 'provider', 'model');
    await usage.look(week);
    expect(usage.steps).toHaveLength(7);
    expect(usage.steps.every((rows) => rows?.length === 1)).toBe(true);
    // Seven steps and the sum by model that prices are looked up for.
    expect(asked('model')).toBe(8);
    await usage.look(week);
    expect(asked('model')).toBe(10);
    usage.forget();
    await usage.look(week);
    expect(asked('model')).toBe(18);
  });

  it('keeps_a_step_open_while_what_began_in_it_may_still_run', async () => {
    vi.setSystemTime(new Date(2026, 4, 21, 0, 10));
    const usage = new Usage(week, 'provider', 'model');
    await usage.look(week);
    expect(asked('model')).toBe(8);
    await usage.look(week);
    vi.setSystemTime(now);
    expect(asked('model')).toBe(10);
  });

  it('drops_the_steps_of_a_stack_that_was_left', async () => {
    const usage = new Usage(week, 'provider', 'model');
    let release: () => void = () => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    calls.usage.mockImplementation(async ({ by }: { by: string }) => {
      if (by === 'model') await held;
      return report([row(by)]);
    });
    const looking = usage.look(week);
    await usage.stackBy('provider');
    release();
    await looking;
    expect(usage.steps.map((rows) => rows?.[0]?.key)).toEqual(Array(7).fill('provider'));
  });

  it('asks_nothing_apart_where_nothing_is_apart', async () => {
    const usage = new Usage(week, 'provider', 'none');
    await usage.look(week);
    expect([asked('model'), usage.steps]).toEqual([1, []]);
  });

  it('asks_for_no_hours_of_a_year', async () => {
    const year = readPeriod({ period: 'custom', since: '2025-01-01', until: '2025-12-31' }, now);
    const usage = new Usage(year, 'provider', 'none');
    await usage.look(year);
    expect([usage.hours.value, asked('hour')]).toEqual([null, 0]);
  });

  it('tells_what_went_wrong_and_keeps_the_rest', async () => {
    const usage = new Usage(week, 'provider', 'model');
    await usage.look(week);
    calls.usage.mockRejectedValue(new Error('the disk is gone'));
    await usage.look(week);
    expect([usage.times.error, usage.stepsError]).toEqual(['the disk is gone', 'the disk is gone']);
    expect(usage.times.value?.report.items).toHaveLength(1);
  });

  it('looks_up_the_price_of_a_model_once', async () => {
    calls.usage.mockImplementation(async () => report([row('m', { cache_read_tokens: 1_000_000 })]));
    calls.prices.mockResolvedValue([{ model: 'm', provider: null, input: '3', output: '15', cache_read: '1' }]);
    const usage = new Usage(week, 'provider', 'none');
    await usage.look(week);
    await usage.look(week);
    expect(usage.savings.value?.saved).toBe(2_000_000_000_000n);
    expect(calls.prices).toHaveBeenCalledOnce();
  });
});
