import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ApiError } from '../api/client';
import type { Provider, RequestRow } from '../api/types';
import { fakeApi } from '../testing/api';
import { group, row, status } from '../testing/fixtures';
import { FakeSource } from '../testing/source';
import { Live } from './live.svelte';

const settle = () => vi.advanceTimersByTimeAsync(0);
const made: Live[] = [];

async function begin(api = fakeApi()) {
  const live = new Live(api, (url) => new FakeSource(url));
  made.push(live);
  live.start();
  await settle();
  FakeSource.last.open();
  await settle();
  return { live, api };
}

beforeEach(() => {
  vi.useFakeTimers();
  FakeSource.all = [];
});
afterEach(() => {
  made.splice(0).forEach((live) => live.stop());
  vi.useRealTimers();
});

describe('live', () => {
  it('shows_what_was_fetched_and_is_live', async () => {
    const { live } = await begin();
    expect(live.line).toBe('live');
    expect(live.groups?.map((g) => g.name)).toEqual(['main', 'spare']);
    expect(live.recent?.map((r) => r.id)).toEqual(['req-1']);
  });

  it('takes_requests_in_as_they_move', async () => {
    const { live } = await begin();
    const seen: string[] = [];
    live.onRequest((r) => seen.push(`${r.id} ${r.status}`));
    FakeSource.last.send('request', row('req-2', 2, { status: 'pending' }));
    FakeSource.last.send('request', row('req-2', 2, { status: 'completed' }));
    expect(live.recent?.map((r) => `${r.id} ${r.status}`)).toEqual(['req-2 completed', 'req-1 completed']);
    expect(seen).toEqual(['req-2 pending', 'req-2 completed']);
  });

  it('fetches_groups_again_when_the_status_tells_of_a_change', async () => {
    const { api } = await begin();
    const before = vi.mocked(api.groups).mock.calls.length;
    FakeSource.last.send('status', status());
    await settle();
    expect(api.groups).toHaveBeenCalledTimes(before);
    FakeSource.last.send('status', status({ active_group: 'spare' }));
    await settle();
    expect(api.groups).toHaveBeenCalledTimes(before + 1);
  });

  it('keeps_what_an_event_told_while_an_older_answer_was_under_way', async () => {
    let answer: (value: Provider[]) => void = () => undefined;
    const { live, api } = await begin();
    const [first] = await api.providers();
    if (!first) throw new Error('the fixture has a provider');
    vi.mocked(api.providers).mockReturnValueOnce(new Promise((resolve) => (answer = resolve)));
    const loading = live.refresh();
    FakeSource.last.send('provider', { ...first, health: 'open' });
    answer([{ ...first, health: 'healthy' }]);
    await loading;
    expect(live.providers.map((p) => p.health)).toEqual(['open']);
    await live.refresh();
    expect(live.providers[0]?.health).toBe(first.health);
  });

  it('shows_the_rest_when_the_history_cannot_be_read', async () => {
    const requests = vi.fn(async () => {
      throw new ApiError(503, 'ledger_unavailable', 'the history cannot be read');
    });
    const { live } = await begin(fakeApi({ requests }));
    expect(live.groups?.length).toBe(2);
    expect(live.loadError).toBeNull();
    expect(live.recentError).toBe('the history cannot be read');
  });

  it('asks_again_for_groups_that_never_came', async () => {
    const groups = vi.fn(fakeApi().groups).mockRejectedValueOnce(new ApiError(0, 'unreachable', 'timed out'));
    groups.mockRejectedValueOnce(new ApiError(0, 'unreachable', 'timed out'));
    const { live } = await begin(fakeApi({ groups }));
    FakeSource.last.send('status', status());
    await settle();
    expect(live.groups?.length).toBe(2);
  });

  it('refetches_everything_after_a_lost_line', async () => {
    const { live, api } = await begin();
    const before = vi.mocked(api.status).mock.calls.length;
    FakeSource.last.fail();
    expect(live.line).toBe('lost');
    await vi.advanceTimersByTimeAsync(500);
    vi.mocked(api.groups).mockResolvedValue([group('other', { active: true })]);
    FakeSource.last.open();
    await settle();
    expect(live.line).toBe('live');
    expect(live.generation).toBe(1);
    expect(live.groups?.map((g) => g.name)).toEqual(['other']);
    expect(vi.mocked(api.status).mock.calls.length).toBeGreaterThan(before);
  });

  it('keeps_what_it_had_while_the_line_is_lost', async () => {
    const { live, api } = await begin();
    vi.mocked(api.status).mockRejectedValue(new ApiError(0, 'unreachable', 'gone'));
    FakeSource.last.fail();
    await settle();
    expect(live.status?.active_provider).toBe('a');
    expect(live.line).toBe('lost');
  });

  it('stops_trying_without_a_session', async () => {
    const api = fakeApi();
    vi.mocked(api.status).mockRejectedValue(new ApiError(401, 'unauthorised', 'no session'));
    const live = new Live(api, (url) => new FakeSource(url));
    made.push(live);
    live.start();
    await settle();
    expect(live.line).toBe('unauthorised');
    const opened = FakeSource.all.length;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(FakeSource.all).toHaveLength(opened);
  });

  it('learns_from_a_failed_stream_that_the_session_is_over', async () => {
    const { live, api } = await begin();
    vi.mocked(api.status).mockRejectedValue(new ApiError(401, 'unauthorised', 'no session'));
    FakeSource.last.fail();
    await settle();
    expect(live.line).toBe('unauthorised');
  });

  it('says_what_was_wrong_with_an_answer', async () => {
    const api = fakeApi();
    vi.mocked(api.groups).mockRejectedValue(new ApiError(500, 'ledger', 'disk I/O error'));
    const { live } = await begin(api);
    expect(live.loadError).toBe('disk I/O error');
    expect(live.line).toBe('live');
  });

  it('tells_of_a_deed_that_failed_and_of_none_that_worked', async () => {
    const { live, api } = await begin();
    expect(await live.act((a) => a.pause('main'), 'not paused')).toBe(true);
    expect(live.toasts).toEqual([]);
    vi.mocked(api.pause).mockRejectedValue(new ApiError(404, 'not_found', 'there is no group main'));
    expect(await live.act((a) => a.pause('main'), 'not paused')).toBe(false);
    expect(live.toasts).toMatchObject([{ kind: 'error', title: 'not paused', body: 'there is no group main' }]);
    expect(vi.mocked(api.groups)).toHaveBeenCalledTimes(3);
  });

  it('joins_calls_to_refresh_and_runs_once_more_for_the_late_ones', async () => {
    const { live, api } = await begin();
    const before = vi.mocked(api.status).mock.calls.length;
    await Promise.all([live.refresh(), live.refresh(), live.refresh()]);
    await settle();
    expect(vi.mocked(api.status).mock.calls.length - before).toBe(2);
  });

  it('takes_nothing_can_serve_back_once_something_does', async () => {
    const { live } = await begin();
    const at = '2026-01-01T00:00:00Z';
    FakeSource.last.send('notice', { kind: 'all-down', title: 'Nothing can serve', body: '', at });
    FakeSource.last.send('notice', { kind: 'recovery', title: 'a is back', body: '', at });
    expect(live.toasts.map((toast) => toast.kind)).toEqual(['recovery']);
    expect(live.notices).toHaveLength(2);
  });

  it.each<[string, Partial<RequestRow>, boolean]>([
    ['an_answer_to_what_came_later', {}, true],
    ['an_answer_to_what_came_before', { started_at: '2025-12-31T23:59:59Z' }, false],
    ['what_failed', { status: 'failed' }, false],
    ['an_answer_of_its_own', { provider: null }, false],
    ['an_answer_without_a_word', { error: 'its answer is empty' }, false],
    ['tokens_counted_as_anthropic_does', { path: '/v1/messages/count_tokens' }, false],
    ['tokens_counted_as_anthropic_does_with_a_query', { path: '/v1/messages/count_tokens?beta=true' }, false],
    ['tokens_counted_as_openai_does', { path: '/v1/responses/input_tokens' }, false],
    ['tokens_counted_as_google_does', { path: '/v1beta/models/gemini-3-pro:countTokens' }, false],
    ['tokens_counted_as_google_does_with_the_colon_encoded', { path: '/v1beta/models/gemini-3-pro%3AcountTokens' }, false],
  ])('takes_it_back_or_not_for_%s', async (_, part, back) => {
    const { live } = await begin();
    FakeSource.last.send('notice', { kind: 'all-down', title: 'Nothing can serve', body: '', at: '2026-01-01T00:00:00Z' });
    FakeSource.last.send('request', row('a', 1, { started_at: '2026-01-01T00:00:01Z', path: '/v1/messages', ...part }));
    expect(live.toasts).toHaveLength(back ? 0 : 1);
  });

  it('shows_notices_and_lets_them_be_put_away', async () => {
    const { live } = await begin();
    FakeSource.last.send('notice', { kind: 'failover', title: 'a → b', body: 'overloaded', at: '2026-01-01T00:00:00Z' });
    expect(live.notices).toHaveLength(1);
    const [toast] = live.toasts;
    live.dismiss(toast?.id ?? 0);
    expect(live.toasts).toEqual([]);
  });
});
