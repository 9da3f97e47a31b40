/** What the overview counts and draws: bars, limits, what runs, what happened. */
import { describe, expect, it, vi } from 'vitest';
import type { Connection, Series } from '../api/overview';
import type { Notice, Quota } from '../api/types';
import { row } from '../testing/fixtures';
import { bars, latest, ofProvider, shape, sum } from './hour';
import { limits, untold } from './limits';
import { joined, sentence } from './notices';
import { i18n } from '../i18n/index.svelte';
import { Running } from './running.svelte';

const NOON = Date.UTC(2026, 0, 1, 12);
const at = (minutes: number) => new Date(NOON + minutes * 60_000).toISOString();

describe('bars', () => {
  it('stand_on_the_line_and_hang_from_it', () => {
    const drawn = bars([4, 0, 2], [0, 0, 2], 30, 20);
    expect(drawn.bars.map(({ good, bad }) => [good > 0, bad > 0])).toEqual([[true, false], [false, false], [false, true]]);
    for (const { good, bad } of drawn.bars) {
      expect(good).toBeLessThanOrEqual(drawn.line);
      expect(drawn.line + 1 + bad).toBeLessThanOrEqual(20);
    }
  });
  it('are_seen_however_small', () => {
    expect(bars([1000, 1], [0, 0], 20, 20).bars[1]?.good).toBe(1.5);
  });
  it('need_no_room_below_where_nothing_failed', () => {
    expect(bars([1], [0], 10, 20).line).toBe(19);
    expect(bars([], [], 10, 20).bars).toEqual([]);
  });
});

describe('the hour of a provider', () => {
  const one = { provider: 'a', attempts: [0, 3], failures: [0, 1], tokens: [0, 9], ttft_ms: [null, 400] };
  const idle = { ...one, provider: 'b', attempts: [0, 0] };
  const series = { providers: [one, idle] } as unknown as Series;
  it.each([['a', one], ['b', null], ['c', null]])('%s', (name, wanted) => expect(ofProvider(series, name)).toBe(wanted));
  it('is_nothing_without_a_series', () => expect(ofProvider(null, 'a')).toBeNull());
  it('has_sums_and_a_latest_value', () => {
    expect([sum([1, 2]), sum([]), latest([null, 5, null]), latest([null])]).toEqual([3, 0, 5, null]);
    expect(shape(['0.5', '0'])).toEqual([0.5, 0]);
  });
});

describe('limits', () => {
  const share = (what: string, left: number, part: Partial<Quota> = {}): Quota => ({ what, unit: 'share', left, resets_at: at(60), ...part });
  it.each<[string, Quota[], [string, string][]]>([
    ['nothing told', [], []],
    ['a share', [share('5h', 0.42)], [['5h', 'ok']]],
    ['a low share', [share('7d', 0.2)], [['7d', 'warn']]],
    ['nearly nothing', [share('7d', 0.05)], [['7d', 'bad']]],
    ['used up before the reset', [share('5h', 0.5, { used_up_at: at(20) })], [['5h', 'warn']]],
    ['what ends first comes first', [share('7d', 0.1), share('5h', 0.9, { used_up_at: at(5) })], [['5h', 'warn'], ['7d', 'warn']]],
    ['a window that is over', [share('5h', 0.1, { resets_at: at(-1) })], []],
    ['a count with no end in sight', [{ what: 'tokens', unit: 'count', left: 9000, resets_at: at(1) }], []],
    ['a count that ends', [{ what: 'tokens', unit: 'count', left: 9000, used_up_at: at(1) }], [['tokens', 'warn']]],
    ['a count that ended', [{ what: 'tokens', unit: 'count', left: 0, used_up_at: at(0) }], [['tokens', 'bad']]],
  ])('%s', (_, quotas, wanted) => {
    expect(limits(quotas, NOON).map(({ what, tone }) => [what, tone])).toEqual(wanted);
  });
  it('are_at_most_three', () => {
    expect(limits(['1', '2', '3', '4'].map((what) => share(what, 0.5)), NOON)).toHaveLength(3);
  });
  it('leave_a_forecast_to_tell_only_what_they_do_not', () => {
    const forecast = { at: at(9), what: 'rpm', scope: 'provider', provider: 'a' };
    expect(untold(forecast, [share('5h', 0.5)], NOON)).toBe(forecast);
    expect(untold({ ...forecast, what: '5h' }, [share('5h', 0.5, { used_up_at: at(9) })], NOON)).toBeNull();
    expect(untold({ ...forecast, at: at(-1) }, [], NOON)).toBeNull();
    expect(untold(null, [], NOON)).toBeNull();
  });
});

describe('what runs', () => {
  const connection = (id: string, minutes: number): Connection => ({ id, since: at(minutes), status: 'streaming', attempts: 1, output_tokens: 40 });
  const ids = (running: Running) => running.rows.map(({ id }) => id);

  it('is_ordered_by_age_and_moves_with_the_stream', async () => {
    const running = new Running(async () => [connection('b', 2), connection('a', 1)]);
    await running.load();
    expect(ids(running)).toEqual(['a', 'b']);
    running.take(row('c', 3, { status: 'pending', started_at: at(3) }));
    running.take(row('a', 1, { status: 'forwarding', started_at: at(1), mark: 'retrying', attempts: 2 }));
    expect(ids(running)).toEqual(['a', 'b', 'c']);
    expect(running.rows[0]).toMatchObject({ attempts: 2, mark: 'retrying', output_tokens: 40 });
    running.take(row('b', 2));
    expect(ids(running)).toEqual(['a', 'c']);
  });

  it('has_no_ghost_of_what_ended_while_it_was_asked_for', async () => {
    let answer: (rows: Connection[]) => void = () => {};
    const running = new Running(() => new Promise((done) => (answer = done)));
    const loading = running.load();
    running.take(row('a', 1));
    answer([connection('a', 1), connection('b', 2)]);
    await loading;
    expect(ids(running)).toEqual(['b']);
  });

  it('keeps_what_it_knows_when_asking_fails', async () => {
    const ask = vi.fn(async () => [connection('a', 1)]);
    const running = new Running(ask);
    await running.load();
    ask.mockRejectedValueOnce(new Error('gone'));
    await running.load();
    expect(ids(running)).toEqual(['a']);
    expect(running.error).toBe('gone');
    await running.load();
    expect(running.error).toBeNull();
  });

  it('is_known_by_its_path_where_it_names_no_model', () => {
    const running = new Running(async () => []);
    running.take(row('a', 1, { status: 'pending', model_used: null, model_requested: null, path: '/v1/models?limit=2' }));
    expect(running.rows[0]?.model).toBe('/v1/models');
  });
});

describe('what a notice says', () => {
  const notice = (part: Partial<Notice>): Notice => ({ kind: 'failover', title: 'the daemon’s', body: 'its body', at: '2026-01-01T00:00:00Z', provider: 'a', ...part });
  const budget = { name: 'daily', share: 0.8, spent_usd: '4', limit_usd: '5', done: 'told' } as const;

  it.each<[Partial<Notice>, string, string]>([
    [{ to: 'b', group: 'spare', reason: 'overloaded', cost_usd: '0.43' }, 'Switched to b', 'Switched from a to b (group spare): a is overloaded; failover cost about $0.4300 of cache'],
    [{ to: 'b', reason: 'network', more: 2 }, 'Switched to b', 'Switched from a to b: a cannot be reached (and 2 more like it)'],
    [{ kind: 'recovery' }, 'a serves again', ''],
    [{ kind: 'auth', key: 'a/0' }, 'a refuses a key', 'It refuses the key a/0: set a new one.'],
    [{ kind: 'auth', key: null }, 'a refuses a key', 'It refuses its credential: set a new one.'],
    [{ kind: 'budget', budget }, 'Budget daily: 80%', '$4.00 of $5.00 are spent'],
    [{ kind: 'budget', budget: { ...budget, name: 'of token bob' } }, 'Limit of token bob: 80%', '$4.00 of $5.00 are spent'],
    [{ kind: 'budget', budget: { ...budget, done: 'chosen' }, group: 'night' }, 'Budget daily: 80%', '$4.00 of $5.00 are spent; group night took over'],
    [{ kind: 'budget', budget: { ...budget, done: 'refused', until: '23:59' } }, 'Budget daily: 80%', '$4.00 of $5.00 are spent; requests are refused until 23:59'],
    [{ kind: 'budget', budget: { ...budget, done: 'not_chosen', why: 'it is gone' }, group: 'night' }, 'Budget daily: 80%', '$4.00 of $5.00 are spent; group night could not take over: it is gone'],
    [{}, 'the daemon’s', 'its body'],
    [{ body: 'the daemon’s' }, 'the daemon’s', ''],
  ])('is_made_of_its_facts: %j', (part, title, body) => {
    i18n.choose('en');
    expect(sentence(notice(part))).toEqual({ title, body });
  });

  it('is_all_in_the_windows_language_where_the_facts_are_there', () => {
    i18n.choose('zh-CN');
    const all = [{ to: 'b', reason: 'overloaded' }, { kind: 'recovery' }, { kind: 'all-down' }, { kind: 'auth', key: 'a/0' }, { kind: 'budget', budget }] as const;
    for (const part of all) {
      const { title, body } = sentence(notice(part));
      expect([i18n.foreign(title), body !== '' && i18n.foreign(body)], title).toEqual([false, false]);
    }
    expect(sentence(notice({ group: 'spare' })).title).toBe('a 出错，改由组 spare 服务');
    i18n.choose('en');
  });
});

describe('notices', () => {
  const notice = (id: number, minutes: number): Notice => ({ id, kind: 'failover', title: `n${id}`, body: '', at: at(minutes) });
  it('are_the_newest_first_and_each_once', () => {
    expect(joined([notice(2, 2), notice(1, 1)], [notice(3, 3), notice(2, 2)]).map(({ id }) => id)).toEqual([3, 2, 1]);
  });
  it('of_two_runs_stand_side_by_side', () => {
    expect(joined([notice(1, 9)], [notice(1, 1)])).toHaveLength(2);
  });
});
