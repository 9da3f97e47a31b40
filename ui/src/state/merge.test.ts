import { describe, expect, it } from 'vitest';
import { group, member, provider, row, status } from '../testing/fixtures';
import { groupsAreStale, matches, mergePage, NO_FILTER, providersAreStale, replaceNamed, upsert } from './merge';

const ids = (rows: { id: string }[]) => rows.map((r) => r.id);

describe('upsert', () => {
  it('puts_a_new_request_on_top', () => {
    expect(ids(upsert([row('b', 2), row('a', 1)], row('c', 3)))).toEqual(['c', 'b', 'a']);
  });

  it('replaces_a_known_request_where_it_stands', () => {
    const rows = upsert([row('b', 2), row('a', 1, { status: 'streaming' })], row('a', 1, { status: 'completed' }));
    expect(ids(rows)).toEqual(['b', 'a']);
    expect(rows[1]?.status).toBe('completed');
  });

  it('sorts_a_late_arrival_in_by_its_start', () => {
    expect(ids(upsert([row('c', 3), row('a', 1)], row('b', 2)))).toEqual(['c', 'b', 'a']);
  });

  it('orders_times_whose_fractions_differ_in_length', () => {
    const earlier = row('early', 0, { started_at: '2026-01-01T12:00:00.7Z' });
    const later = row('late', 0, { started_at: '2026-01-01T12:00:00.705Z' });
    expect(ids(upsert([later], earlier))).toEqual(['late', 'early']);
    expect(ids(upsert([earlier], later))).toEqual(['late', 'early']);
  });

  it('keeps_one_order_for_two_of_the_same_instant', () => {
    const one = upsert(upsert([], row('a', 1)), row('b', 1));
    const other = upsert(upsert([], row('b', 1)), row('a', 1));
    expect(ids(one)).toEqual(ids(other));
  });

  it('never_brings_an_ended_request_back_to_life', () => {
    const ended = [row('a', 1, { status: 'failed' })];
    expect(upsert(ended, row('a', 1, { status: 'streaming' }))).toBe(ended);
  });

  it('lets_a_request_fall_back_from_streaming_to_another_attempt', () => {
    const rows = upsert([row('a', 1, { status: 'streaming' })], row('a', 1, { status: 'forwarding', attempts: 2 }));
    expect(rows[0]).toMatchObject({ status: 'forwarding', attempts: 2 });
  });

  it('takes_a_request_out_that_no_longer_matches', () => {
    const filter = { ...NO_FILTER, status: 'running' };
    const rows = [row('b', 2, { status: 'streaming' }), row('a', 1, { status: 'pending' })];
    expect(ids(upsert(rows, row('b', 2), filter))).toEqual(['a']);
  });

  it('leaves_to_the_daemon_what_a_search_finds', () => {
    const filter = { ...NO_FILTER, q: 'overloaded' };
    // Listed for the error of its first attempt, which its row does not have.
    const rows = [row('a', 1, { status: 'streaming' })];
    expect(upsert(rows, row('a', 1), filter).map((one) => one.status)).toEqual(['completed']);
    expect(upsert(rows, row('b', 2, { error: 'overloaded' }), filter)).toBe(rows);
    expect(upsert(rows, row('a', 1), { ...filter, status: 'running' })).toEqual([]);
  });

  it('leaves_what_is_older_than_the_loaded_part_to_paging', () => {
    const rows = [row('c', 3), row('b', 2)];
    expect(upsert(rows, row('a', 1), NO_FILTER, true)).toBe(rows);
    expect(ids(upsert(rows, row('a', 1), NO_FILTER, false))).toEqual(['c', 'b', 'a']);
  });
});

describe('mergePage', () => {
  it('joins_pages_without_doubles', () => {
    expect(ids(mergePage([row('d', 4), row('c', 3)], [row('c', 3), row('b', 2)]))).toEqual(['d', 'c', 'b']);
  });

  it('keeps_the_end_of_a_request_that_an_older_page_calls_running', () => {
    const [merged] = mergePage([row('a', 1)], [row('a', 1, { status: 'streaming' })]);
    expect(merged?.status).toBe('completed');
  });
});

describe('matches', () => {
  it.each([
    [{ status: 'failed' }, false],
    [{ status: 'completed' }, true],
    [{ status: 'running' }, false],
    [{ provider: 'b' }, false],
    [{ provider: 'a' }, true],
    [{ q: 'OPUS' }, true],
    [{ q: 'req-1' }, true],
    [{ q: 'eq-1' }, false],
    [{ q: 'main' }, false],
    [{ q: 'sonnet' }, false],
    [{ q: '  ' }, true],
  ])('%j → %s', (part, wanted) => {
    expect(matches(row('req-1', 1), { ...NO_FILTER, ...part })).toBe(wanted);
  });
});

describe('groups', () => {
  const groups = [group('main', { state: 'active' }), group('spare')];

  it('are_replaced_by_name_in_their_place', () => {
    const next = replaceNamed(groups, group('main', { paused: true }));
    expect(next.map((g) => [g.name, g.paused])).toEqual([['main', true], ['spare', false]]);
  });

  it('are_fetched_again_when_the_status_tells_of_others', () => {
    expect(groupsAreStale(groups, status())).toBe(false);
    expect(groupsAreStale(groups, status({ groups: [{ name: 'main', state: 'active' }] }))).toBe(true);
    expect(groupsAreStale(groups, status({ groups: status().groups.toReversed() }))).toBe(true);
    expect(groupsAreStale(groups, status({ groups: [{ name: 'main', state: 'cooling' }, { name: 'spare', state: 'standby' }] }))).toBe(true);
  });

  it('bring_providers_that_are_not_known_yet', () => {
    const with_ = [group('main', { members: [member('a'), member('b')] })];
    expect(providersAreStale(with_, [provider('a')])).toBe(true);
    expect(providersAreStale(with_, [provider('a'), provider('b')])).toBe(false);
  });
});
