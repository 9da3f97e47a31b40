import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FakeSource } from '../testing/source';
import { Stream, type Listener } from './stream';

const listener = { opened: vi.fn<Listener['opened']>(), lost: vi.fn<Listener['lost']>(), event: vi.fn() };
let stream: Stream;

beforeEach(() => {
  vi.useFakeTimers();
  FakeSource.all = [];
  Object.values(listener).forEach((mock) => mock.mockReset());
  stream = new Stream('/stream', listener, (url) => new FakeSource(url));
  stream.open();
});
afterEach(() => {
  stream.close();
  vi.useRealTimers();
});

describe('stream', () => {
  it('tells_a_first_opening_from_a_later_one', () => {
    FakeSource.last.open();
    FakeSource.last.fail();
    vi.advanceTimersByTime(500);
    FakeSource.last.open();
    expect(listener.opened.mock.calls).toEqual([[false], [true]]);
  });

  it('hands_events_on_by_name', () => {
    FakeSource.last.send('notice', { kind: 'failover' });
    expect(listener.event).toHaveBeenCalledWith('notice', { kind: 'failover' });
  });

  it('waits_longer_after_each_failure_up_to_a_limit', () => {
    const waits: number[] = [];
    listener.lost.mockImplementation((ms) => void waits.push(ms));
    for (let i = 0; i < 6; i += 1) {
      FakeSource.last.fail();
      vi.advanceTimersByTime(waits.at(-1) ?? 0);
    }
    expect(waits).toEqual([500, 1000, 2000, 4000, 8000, 8000]);
  });

  it('starts_over_with_short_waits_once_it_was_open', () => {
    FakeSource.last.fail();
    vi.advanceTimersByTime(500);
    FakeSource.last.open();
    FakeSource.last.fail();
    expect(listener.lost.mock.calls).toEqual([[500], [500]]);
  });

  it('takes_silence_for_a_lost_line', () => {
    FakeSource.last.open();
    vi.advanceTimersByTime(10_000);
    FakeSource.last.send('status', {});
    vi.advanceTimersByTime(10_000);
    expect(listener.lost).not.toHaveBeenCalled();
    vi.advanceTimersByTime(6_000);
    expect(listener.lost).toHaveBeenCalledOnce();
  });

  it('outlives_a_broken_frame', () => {
    FakeSource.last.raw('status', '{"half');
    FakeSource.last.send('status', { ok: true });
    expect(listener.event.mock.calls).toEqual([['status', { ok: true }]]);
  });

  it('keeps_a_single_source_open', () => {
    stream.open();
    stream.open();
    expect(FakeSource.all.filter((source) => !source.closed)).toHaveLength(1);
  });

  it('stays_closed_when_closed', () => {
    stream.close();
    vi.advanceTimersByTime(60_000);
    expect(FakeSource.all).toHaveLength(1);
    expect(listener.lost).not.toHaveBeenCalled();
  });
});
