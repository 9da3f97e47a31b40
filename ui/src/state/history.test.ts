import { describe, expect, it, vi } from 'vitest';
import { ApiError } from '../api/client';
import type { List, RequestRow } from '../api/types';
import { fakeApi } from '../testing/api';
import { row } from '../testing/fixtures';
import { History } from './history.svelte';
import { NO_FILTER } from './merge';

const page = (items: RequestRow[], next_cursor: string | null = null): List<RequestRow> => ({ items, next_cursor });
const ids = (history: History) => history.rows.map((r) => r.id);

function answering(...pages: (List<RequestRow> | Error)[]) {
  const requests = vi.fn(async () => {
    const next = pages.shift();
    if (!next) throw new Error('asked more often than the test expects');
    if (next instanceof Error) throw next;
    return next;
  });
  return { history: new History(fakeApi({ requests })), requests };
}

describe('history', () => {
  it('pages_backwards_without_doubles', async () => {
    const { history, requests } = answering(page([row('c', 3), row('b', 2)], '2'), page([row('b', 2), row('a', 1)]));
    await history.load(NO_FILTER);
    await history.more();
    expect(ids(history)).toEqual(['c', 'b', 'a']);
    expect(history.cursor).toBeNull();
    expect(requests).toHaveBeenLastCalledWith(expect.objectContaining({ cursor: '2' }));
  });

  it('asks_the_daemon_what_a_search_finds_of_new_requests', async () => {
    vi.useFakeTimers();
    const { history, requests } = answering(page([row('a', 1)]), page([row('c', 3), row('a', 1)]));
    await history.load({ ...NO_FILTER, q: 'opus' });
    history.take(row('b', 2));
    history.take(row('c', 3));
    expect(ids(history)).toEqual(['a']);
    await vi.advanceTimersByTimeAsync(2000);
    expect(ids(history)).toEqual(['c', 'a']);
    expect(requests).toHaveBeenCalledTimes(2);
    history.take(row('d', 4));
    history.stop();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(requests).toHaveBeenCalledTimes(2);
    vi.useRealTimers();
  });

  it('keeps_rows_that_came_live_while_it_asked', async () => {
    let answer: (value: List<RequestRow>) => void = () => undefined;
    const history = new History(fakeApi({ requests: () => new Promise((resolve) => (answer = resolve)) }));
    const loading = history.load(NO_FILTER);
    history.take(row('b', 2, { status: 'streaming' }));
    answer(page([row('a', 1)]));
    await loading;
    expect(ids(history)).toEqual(['b', 'a']);
  });

  it('drops_the_answer_to_an_older_question', async () => {
    const answers: ((value: List<RequestRow>) => void)[] = [];
    const history = new History(fakeApi({ requests: () => new Promise((resolve) => answers.push(resolve)) }));
    const first = history.load(NO_FILTER);
    const second = history.load({ ...NO_FILTER, status: 'failed' });
    answers[1]?.(page([row('failed', 2, { status: 'failed' })]));
    answers[0]?.(page([row('any', 3)]));
    await Promise.all([first, second]);
    expect(ids(history)).toEqual(['failed']);
  });

  it('stays_where_it_is_after_a_break_that_missed_little', async () => {
    const { history } = answering(page([row('b', 2)], '1'), page([row('a', 1)], '0'), page([row('c', 3), row('b', 2)], '1'));
    await history.load(NO_FILTER);
    await history.more();
    await history.load(NO_FILTER);
    expect(ids(history)).toEqual(['c', 'b', 'a']);
    expect(history.cursor).toBe('0');
  });

  it('starts_over_after_a_break_that_left_a_gap', async () => {
    const { history } = answering(page([row('a', 1)], '1'), page([row('z', 50), row('y', 49)], '2'));
    await history.load(NO_FILTER);
    await history.load(NO_FILTER);
    expect(ids(history)).toEqual(['z', 'y']);
    expect(history.cursor).toBe('2');
  });

  it('asks_for_each_running_status_as_the_daemon_filters_by_one', async () => {
    const { history, requests } = answering(
      page([]),
      page([row('b', 2, { status: 'forwarding' })]),
      page([row('c', 3, { status: 'streaming' })]),
    );
    await history.load({ ...NO_FILTER, status: 'running' });
    expect(requests).toHaveBeenCalledTimes(3);
    expect(ids(history)).toEqual(['c', 'b']);
  });

  it('says_what_went_wrong_and_recovers', async () => {
    const { history } = answering(new ApiError(500, 'ledger', 'disk I/O error'), page([row('a', 1)]));
    await history.load(NO_FILTER);
    expect(history.error).toBe('disk I/O error');
    await history.load(NO_FILTER);
    expect(history.error).toBeNull();
    expect(ids(history)).toEqual(['a']);
  });
});
