import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Level, LogLine } from '../api/logs';
import { FakeSource } from '../testing/source';
import { append, factsOf, fits, HELD, NO_LOG_FILTER, parts, place, rejoin, requestOf, textOf } from './loglines';
import { Log } from './logs.svelte';

function line(id: number, part: Partial<LogLine> = {}): LogLine {
  const at = new Date(Date.UTC(2026, 0, 1, 12) + id * 1000).toISOString();
  return { id, at, level: 'info', target: 'gateway::attempt', message: `line ${id}`, fields: {}, ...part };
}

const ids = (lines: readonly LogLine[]) => lines.map(({ id }) => id);

describe('fits', () => {
  const lines = [
    line(1, { level: 'error', message: 'first answered 529', fields: { provider: 'first', request_id: 'req-ab12' } }),
    line(2, { level: 'warn', message: 'key second/0 was refused', fields: { request_id: 'req-cd34' } }),
    line(3, { message: 'mode is auto', fields: { model: 'Claude-Opus' } }),
    line(4, { level: 'debug', message: 'firstly, nothing' }),
  ];
  it.each([
    [{}, [1, 2, 3, 4]],
    [{ level: 'warn' }, [1, 2]],
    [{ level: 'debug' }, [1, 2, 3, 4]],
    [{ q: ' OPUS ' }, [3]],
    [{ q: 'model=claude' }, [3]],
    [{ provider: 'first' }, [1]],
    [{ provider: 'second' }, [2]],
    [{ provider: 'a.b(' }, []],
    [{ request: 'req-c' }, [2]],
    [{ request: 'req-c', level: 'error' }, []],
  ])('%j', (part, wanted) => {
    expect(ids(lines.filter(fits({ ...NO_LOG_FILTER, ...part })))).toEqual(wanted);
  });
});

describe('a line', () => {
  it('is_one_line_of_text_with_all_its_facts', () => {
    const said = line(7, { level: 'warn', message: 'tried', fields: { provider: 'a', why: 'too slow', none: null, request_id: 'req-1' } });
    expect(textOf(said)).toBe('2026-01-01T12:00:07.000Z WARN  gateway::attempt: tried provider=a why="too slow" request_id=req-1');
    expect(factsOf(said)).toEqual([['provider', 'a'], ['why', 'too slow']]);
    expect(requestOf(said)).toBe('req-1');
    expect(requestOf(line(1))).toBeNull();
    expect(place('daemon::settings::watch')).toBe('daemon::settings');
  });

  it.each([
    ['a 529 b', '529', ['a ', '529', ' b']],
    ['Ab ab', 'AB', ['', 'Ab', ' ', 'ab', '']],
    ['(x)', '(x', ['', '(x', ')']],
    ['plain', '  ', ['plain']],
  ])('%s searched for %s', (text, q, wanted) => expect(parts(text, q)).toEqual(wanted));
});

describe('lines that come', () => {
  it('are_taken_once_and_in_order', () => {
    expect(ids(append([line(1), line(2)], [line(2), line(3)]))).toEqual([1, 2, 3]);
  });
  it('push_out_the_oldest', () => {
    const held = Array.from({ length: HELD }, (_, index) => line(index + 1));
    const more = append(held, [line(HELD + 1)]);
    expect([more.length, more[0]?.id]).toEqual([HELD, 2]);
  });
  it('join_what_was_held_from_before', () => {
    expect(ids(rejoin([line(1), line(2), line(3)], [line(4), line(3), line(2)]))).toEqual([1, 2, 3, 4]);
  });
  it('replace_what_an_earlier_run_said', () => {
    const anew = [line(2, { at: '2026-01-02T00:00:01Z' }), line(1, { at: '2026-01-02T00:00:00Z' })];
    expect(rejoin([line(1), line(2), line(3)], anew)).toEqual([anew[1], anew[0]]);
  });
});

describe('log', () => {
  let log: Log;
  const ask = vi.fn<() => Promise<{ items: LogLine[]; next_cursor: null }>>();
  const answer = (...items: LogLine[]) => ask.mockResolvedValueOnce({ items, next_cursor: null });

  beforeEach(() => {
    vi.useFakeTimers();
    FakeSource.all = [];
    ask.mockReset();
    log = new Log(ask, (url) => new FakeSource(url));
  });
  afterEach(() => {
    log.stop();
    vi.useRealTimers();
  });

  it('loses_nothing_between_the_stream_and_the_answer', async () => {
    answer(line(2), line(1));
    log.start();
    FakeSource.last.open();
    FakeSource.last.send('log', line(2));
    FakeSource.last.send('log', line(3));
    await vi.advanceTimersByTimeAsync(200);
    expect(ids(log.lines)).toEqual([1, 2, 3]);
  });

  it('holds_lines_back_while_paused', async () => {
    answer(line(1));
    log.start();
    await vi.advanceTimersByTimeAsync(1);
    log.pause(true);
    FakeSource.last.send('log', line(2));
    await vi.advanceTimersByTimeAsync(200);
    expect([ids(log.lines), log.waiting]).toEqual([[1], 1]);
    log.pause(false);
    expect([ids(log.lines), log.waiting]).toEqual([[1, 2], 0]);
  });

  it('asks_again_after_a_break', async () => {
    answer(line(1));
    log.start();
    FakeSource.last.open();
    await vi.advanceTimersByTimeAsync(1);
    answer(line(3), line(2), line(1));
    FakeSource.last.fail();
    await vi.advanceTimersByTimeAsync(500);
    FakeSource.last.open();
    await vi.advanceTimersByTimeAsync(1);
    expect(ids(log.lines)).toEqual([1, 2, 3]);
  });

  it('keeps_what_it_has_when_asking_fails', async () => {
    answer(line(1));
    log.start();
    await vi.advanceTimersByTimeAsync(1);
    ask.mockRejectedValueOnce(new Error('disk I/O error'));
    await log.load();
    expect([ids(log.lines), log.error]).toEqual([[1], 'disk I/O error']);
  });

  it('says_levels_that_it_knows', () => {
    const levels: Level[] = ['error', 'warn', 'info', 'debug', 'trace'];
    expect(levels.map((level) => fits({ ...NO_LOG_FILTER, level: 'info' })(line(1, { level })))).toEqual([true, true, true, false, false]);
  });
});
