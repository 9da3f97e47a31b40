/** What the history page computes: filters, columns, sums, the axis of a request, bodies, differences, commands, files. */
import { describe, expect, it, vi } from 'vitest';
import type { Body } from '../api/history';
import type { RequestRow } from '../api/types';
import { fakeApi } from '../testing/api';
import { detail, row } from '../testing/fixtures';
import { reading, textOf } from './bodies';
import { curl } from './curl';
import { cell, CSV_COLUMNS, gather } from './export';
import { fit, isTall, renamed, template, USUAL } from './history-columns';
import { isKnown, isSparse, question, readFilter, summedBy, toLocal } from './history-filter';
import { History } from './history.svelte';
import { matches, mergePage, NO_FILTER, upsert } from './merge';
import { sideBySide } from './side-by-side';
import { decimal, units } from './decimal';
import { sumsOf } from './sums';
import { stretches, ticks } from './timeline';

const NOW = Date.parse('2026-01-08T12:00:00Z');

describe('filter', () => {
  it('reads_the_address_and_leaves_out_what_is_no_time', () => {
    const filter = readFilter({ status: 'failed', since: 'yesterday', until: '2026-01-02T00:00:00+01:00', id: 'req-1' }, NOW);
    expect(filter).toEqual({ ...NO_FILTER, status: 'failed', until: '2026-01-01T23:00:00.000Z' });
  });

  it.each([
    ['hour', NOW - 3_600_000],
    ['today', new Date(2026, 0, 8).getTime()],
    ['week', new Date(2026, 0, 2).getTime()],
  ])('a_period_of_%s_begins_then', (period, begin) => {
    const filter = readFilter({ period, since: '2020-01-01T00:00:00Z', until: '2020-01-02T00:00:00Z' }, NOW);
    expect([Date.parse(filter.since), filter.until]).toEqual([begin, '']);
  });

  it('asks_the_daemon_only_what_it_knows', () => {
    expect(question({ ...NO_FILTER, status: 'retried', q: ' x ' })).toMatchObject({ status: '', q: 'x' });
    expect(question({ ...NO_FILTER, status: 'failed' })).toMatchObject({ status: 'failed' });
    expect([{ session: 's' }, { status: 'retried' }, { status: 'running' }].map((part) => isSparse({ ...NO_FILTER, ...part }))).toEqual([false, true, false]);
    expect([{ session: 's' }, { status: 'failed' }, { status: 'retried' }].map((part) => isKnown({ ...NO_FILTER, ...part }))).toEqual([true, true, false]);
  });

  it('matches_by_every_field', () => {
    const one = row('a', 30, { group: 'main', token: 'laptop', session: 's-1', attempts: 2, model_used: 'glm' });
    const fits = { provider: 'a', group: 'main', token: 'laptop', session: 's-1', client: 'claude-code', status: 'retried', model: 'glm' };
    expect(matches(one, { ...NO_FILTER, ...fits })).toBe(true);
    for (const name of Object.keys(fits)) expect(matches(one, { ...NO_FILTER, [name]: 'other' }), name).toBe(false);
    expect(matches(one, { ...NO_FILTER, since: one.started_at })).toBe(true);
    expect(matches(one, { ...NO_FILTER, until: one.started_at })).toBe(false);
  });

  it('takes_sums_only_where_they_are_of_the_same_requests', () => {
    expect(summedBy(NO_FILTER)).toEqual({ by: 'client', key: null });
    expect(summedBy({ ...NO_FILTER, since: 'x', session: 's' })).toEqual({ by: 'session', key: 's' });
    for (const part of [{ provider: 'p' }, { q: 'x' }, { status: 'failed' }, { session: 's', client: 'c' }]) {
      expect(summedBy({ ...NO_FILTER, ...part })).toBeNull();
    }
  });

  it('writes_times_as_the_field_wants_them', () => {
    expect(toLocal('')).toBe('');
    expect(Date.parse(toLocal('2026-01-08T12:00:00Z'))).toBe(NOW);
  });
});

describe('list', () => {
  it('puts_an_older_page_behind_without_sorting', () => {
    const all = mergePage([row('c', 3), row('b', 2)], [row('a', 1)]);
    expect(all.map((r) => r.id)).toEqual(['c', 'b', 'a']);
    expect(mergePage(all, [row('b', 2), row('0', 0)]).map((r) => r.id)).toEqual(['c', 'b', 'a', '0']);
  });

  it('finds_a_row_among_others_of_the_same_instant', () => {
    const rows = [row('z', 9), row('c', 3), row('b', 3), row('a', 3), row('0', 1)];
    expect(upsert(rows, row('b', 3, { status: 'failed' }))[2]?.status).toBe('failed');
    expect(upsert(rows, row('bb', 3)).map((r) => r.id)).toEqual(['z', 'c', 'bb', 'b', 'a', '0']);
  });

  it('takes_a_live_row_into_many_without_delay', () => {
    const many = Array.from({ length: 200_000 }, (_, index) => row(`r${String(index).padStart(6, '0')}`, 300_000 - index));
    const begun = performance.now();
    for (let n = 0; n < 20; n += 1) upsert(many, row(`new${n}`, 400_000 + n), NO_FILTER, true);
    expect((performance.now() - begun) / 20).toBeLessThan(50);
  });

  it('follows_a_period_that_moves_and_asks_anew_for_an_earlier_one', async () => {
    const pages = [[row('b', 20), row('a', 10)], [row('b', 20)], [row('b', 20), row('a', 10), row('0', 1)]];
    const history = new History(fakeApi({ requests: vi.fn(async () => ({ items: pages.shift() ?? [], next_cursor: null })) }));
    const from = (second: number) => ({ ...NO_FILTER, since: row('', second).started_at });
    const shown: string[] = [];
    for (const second of [5, 15, 0]) {
      await history.load(from(second));
      shown.push(history.rows.map((r) => r.id).join(' '));
    }
    expect(shown).toEqual(['b a', 'b', 'b a 0']);
  });

  it('looks_through_pages_for_what_the_daemon_cannot_filter', async () => {
    const pages = [1, 2, 3].map((n) => ({ items: [row(`r${n}`, 60 - n, { attempts: n === 3 ? 2 : 1 })], next_cursor: n < 3 ? `${n}` : null }));
    const requests = vi.fn(async () => pages.shift() ?? { items: [], next_cursor: null });
    const history = new History(fakeApi({ requests }));
    await history.load({ ...NO_FILTER, status: 'retried' });
    expect(history.rows.map((r) => r.id)).toEqual(['r3']);
    expect([requests.mock.calls.length, history.cursor, history.searchedTo]).toEqual([3, null, null]);
  });

  it('stops_looking_after_a_while_and_says_how_far_it_came', async () => {
    let second = 100_000;
    const requests = vi.fn(async () => ({ items: [row('x', (second -= 1))], next_cursor: 'on' }));
    const history = new History(fakeApi({ requests }));
    await history.load({ ...NO_FILTER, status: 'retried' });
    expect(requests).toHaveBeenCalledTimes(5);
    expect([history.rows.length, history.cursor, history.searchedTo]).toEqual([0, 'on', row('x', second).started_at]);
  });
});

describe('columns', () => {
  it.each([
    [1400, USUAL],
    [720, ['time', 'status', 'model', 'provider', 'in', 'cost', 'duration']],
    [300, ['status', 'model']],
    [10, ['model']],
  ])('fit_into_%d', (width, wanted) => {
    expect(fit(USUAL, width)).toEqual(wanted);
  });

  it('give_way_to_two_names_of_a_model', () => {
    expect(fit(USUAL, 1065, false)).toEqual(USUAL);
    expect(fit(USUAL, 1065, true)).toEqual(USUAL.filter((column) => column !== 'ttft'));
    expect(template(['time', 'model'], true)).toBe('92px minmax(296px, 4fr)');
    expect([isTall(600, false), isTall(600, true), isTall(0, true)]).toEqual([false, true, false]);
    expect([renamed({ model_requested: 'a', model_used: 'a' }), renamed({ model_requested: 'a', model_used: 'b' })]).toEqual([null, 'b']);
  });

  it('share_what_is_left', () => {
    expect(template(['time', 'model'])).toBe('92px minmax(130px, 1.8fr)');
  });
});

describe('sums', () => {
  it('add_money_without_floats', () => {
    const rows = [row('a', 1, { cost_usd: '0.1' }), row('b', 2, { cost_usd: '0.2', status: 'failed' }), row('c', 3, { cost_usd: null, unpriced: true })];
    expect(sumsOf(rows)).toMatchObject({ requests: 3, failures: 1, cost: '0.3', unpriced: 1 });
  });

  it.each(['0', '0.000000000001', '-1.5', '123456789.25'])('%s_goes_there_and_back', (text) => {
    expect(decimal(units(text))).toBe(text);
  });
});

describe('timeline', () => {
  const at = (ms: number) => new Date(Date.parse(detail('x').started_at) + ms).toISOString();

  it('shows_attempts_waiting_and_suspension_in_order', () => {
    const found = stretches(
      detail('x', {
        duration_ms: 9000,
        events: [{ at: at(2000), name: 'suspended' }],
        attempts: [
          { provider: 'a', started_at: at(0), duration_ms: 500, verdict: 'retry-same' },
          { provider: 'a', started_at: at(1500), duration_ms: 500, verdict: 'next-provider' },
          { provider: 'b', started_at: at(6000), duration_ms: 3000, ttft_ms: 1000, verdict: 'ok' },
        ],
      }),
      9000,
    );
    expect(found.map(({ kind, from, to, first }) => [kind, from, to, first])).toEqual([
      ['attempt', 0, 500, undefined],
      ['waited', 500, 1500, undefined],
      ['attempt', 1500, 2000, undefined],
      ['suspended', 2000, 6000, undefined],
      ['attempt', 6000, 9000, 7000],
    ]);
  });

  it('sees_the_waiting_between_attempts_that_took_no_time', () => {
    const failed = (ms: number) => ({ provider: 'a', started_at: at(ms), duration_ms: 0, verdict: 'next-provider' as const });
    const found = stretches(
      detail('x', {
        duration_ms: 400,
        events: [1, 101].map((ms) => ({ at: at(ms), name: 'suspended' })),
        attempts: [failed(0), failed(0), failed(100), failed(100), { ...failed(300), duration_ms: 100, verdict: 'ok' }],
      }),
      400,
    );
    const waited = found.filter((stretch) => !stretch.attempt).map(({ kind, from, to }) => [kind, from, to]);
    expect(waited).toEqual([
      ['suspended', 0, 100],
      ['suspended', 100, 300],
    ]);
  });

  it('sees_no_waiting_beside_a_hedge', () => {
    const found = stretches(
      detail('x', {
        duration_ms: 3000,
        attempts: [
          { provider: 'a', started_at: at(0), duration_ms: 2900, verdict: 'cancelled', hedged: true },
          { provider: 'b', started_at: at(1000), duration_ms: 1900, verdict: 'ok' },
        ],
      }),
      3000,
    );
    expect(found.map(({ kind, from, to }) => [kind, from, to])).toEqual([['attempt', 0, 2900], ['attempt', 1000, 2900]]);
  });

  it('goes_on_while_it_runs', () => {
    const waits = stretches(detail('x', { status: 'pending', duration_ms: null, events: [{ at: at(10), name: 'suspended' }] }), 4000);
    expect(waits).toEqual([{ kind: 'suspended', from: 0, to: 4000, open: true }]);
    const runs = stretches(detail('x', { status: 'streaming', duration_ms: null, attempts: [{ provider: 'a', started_at: at(5) }] }), 4000);
    expect(runs.map(({ kind, to, open }) => [kind, to, open])).toEqual([['attempt', 4000, true]]);
  });

  it.each([[0, []], [1, []], [2, [1]], [3.4, [1, 2, 3]], [10, [2, 4, 6, 8]], [15, [5, 10]], [9000, [2000, 4000, 6000, 8000]]])('ticks_of_%d_are_round', (span, wanted) => {
    expect(ticks(span)).toEqual(wanted);
  });
});

describe('bodies', () => {
  it('indents_json_and_leaves_other_text', () => {
    expect(reading('{"a":1}', 'application/json')).toEqual({ kind: 'json', text: '{\n  "a": 1\n}' });
    expect(reading('{"a":', 'application/json')).toEqual({ kind: 'text', text: '{"a":' });
  });

  it.each([
    ['event: content_block_delta\ndata: {"type":"content_block_delta","delta":{"type":"text_delta","text":"Hi"}}\n\ndata: [DONE]\n\n', ['content_block_delta', 'data']],
    ['data: {"choices":[{"delta":{"content":"Hi"}}]}\r\n\r\n', ['data']],
    ['data: {"type":"response.output_text.delta","delta":"Hi"}\n\n', ['response.output_text.delta']],
    ['data: {"candidates":[{"content":{"parts":[{"text":"no","thought":true},{"text":"Hi"}]}}]}\n\n', ['data']],
  ])('reads_a_stream_%#', (text, names) => {
    const read = reading(text, 'text/event-stream');
    expect(read.kind === 'events' && [read.events.map((event) => event.name), read.said]).toEqual([names, 'Hi']);
  });

  it('takes_a_text_from_where_it_is_kept_once', () => {
    const body = (attempt: number, text: string, same_as?: number): Body => ({
      attempt, part: 'answer', bytes: 1, cut: false, redacted: 0, media: 0, headers: [], text, ...(same_as === undefined ? {} : { same_as }),
    }); // prettier-ignore
    const all = [body(0, '', 1), body(1, 'kept')];
    expect(all.map((one) => textOf(one, all))).toEqual(['kept', 'kept']);
  });
});

describe('side_by_side', () => {
  it('pairs_what_is_the_same_and_what_stands_for_it', () => {
    expect(sideBySide('a\nb\nc', 'a\nx\nc\nd').map(({ left, right, same }) => [left, right, same])).toEqual([
      ['a', 'a', true],
      ['b', 'x', false],
      ['c', 'c', true],
      [null, 'd', false],
    ]);
    expect(sideBySide('', '')).toEqual([]);
  });

  it('gives_up_on_finding_what_very_long_texts_share', () => {
    const long = 'x\n'.repeat(3000);
    expect(sideBySide(long, `y\n${long}`)).toHaveLength(3002);
  });
});

describe('curl', () => {
  const asked: Body = {
    attempt: 0, part: 'request', bytes: 9, cut: false, redacted: 1, media: 0, method: 'POST', address: '/v1/messages?beta=true&key=[redacted]',
    headers: [{ name: 'x-api-key', value: '[redacted]' }, { name: 'host', value: 'h' }, { name: 'anthropic-beta', value: 'b' }],
    text: `{"it's":1}`,
  }; // prettier-ignore

  it('quotes_for_a_shell_and_holds_no_token', () => {
    const command = curl(detail('x', { client_dialect: 'anthropic' }), asked, 'http://127.0.0.1:1');
    expect(command.split(' \\\n  ')).toEqual([
      `curl 'http://127.0.0.1:1/v1/messages?beta=true'`,
      `-H "authorization: Bearer $TURNOUT_TOKEN"`,
      `-H 'anthropic-beta: b'`,
      `-H 'content-type: application/json'`,
      `-H 'anthropic-version: 2023-06-01'`,
      `--data-raw '{"it'\\''s":1}'`,
    ]);
  });

  it.each([
    ['anthropic', '"messages"'],
    ['openai-responses', '"input"'],
    ['gemini', '"contents"'],
  ])('stands_in_for_a_%s_text_that_was_not_kept', (client_dialect, wanted) => {
    expect(curl(detail('x', { client_dialect, path: '/p' }), null, '')).toContain(wanted);
  });
});

describe('export', () => {
  it.each([
    [null, ''],
    [0.5, '0.5'],
    ['a,b', '"a,b"'],
    ['say "x"', '"say ""x"""'],
    ['=1+1', "'=1+1"],
    [-3, '-3'],
    [['a'], '"[""a""]"'],
  ])('%j_in_a_table', (value, wanted) => {
    expect(cell(value)).toBe(wanted);
  });

  it('gathers_page_by_page_what_matches', async () => {
    const pages: { items: RequestRow[]; next_cursor: string | null }[] = [
      { items: [row('b', 2, { attempts: 2 }), row('x', 2)], next_cursor: '1' },
      { items: [row('a', 1, { attempts: 3 })], next_cursor: null },
    ];
    const written: string[] = [];
    const sink = { write: async (text: string) => void written.push(text) };
    const told: number[] = [];
    const api = fakeApi({ requests: vi.fn(async () => pages.shift() ?? { items: [], next_cursor: null }) });
    const all = await gather({ ...NO_FILTER, status: 'retried' }, 'json', sink, (n) => told.push(n), () => false, api);
    expect(all).toEqual({ rows: 2, cut: false });
    expect((JSON.parse(written.join('')) as RequestRow[]).map((r) => r.id)).toEqual(['b', 'a']);
    expect(told).toEqual([1, 2]);
    expect(CSV_COLUMNS.length).toBe(new Set(CSV_COLUMNS).size);
  });

  it('ends_with_a_whole_file_where_no_more_can_be_held', async () => {
    const rows = ['d', 'c', 'b', 'a'].map((id, n) => row(id, 9 - n, { attempts: 2 }));
    const requests = vi.fn(async () => ({ items: rows, next_cursor: 'on' }));
    const written: string[] = [];
    const sink = { most: 6, write: async (text: string) => void written.push(text) };
    const all = await gather({ ...NO_FILTER, status: 'retried' }, 'json', sink, () => {}, () => false, fakeApi({ requests }));
    expect(all).toEqual({ rows: 6, cut: true });
    expect(JSON.parse(written.join(''))).toHaveLength(6);
  });
});
