import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { again, Calm } from './calm';

/** Rounds that end when told to. */
function rounds() {
  const ends: (() => void)[] = [];
  return { ends, run: vi.fn(() => new Promise<void>((resolve) => ends.push(resolve))) };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('calm', () => {
  it('waits_for_a_slow_round_before_the_next_however_often_it_is_wanted', async () => {
    const { ends, run } = rounds();
    const calm = new Calm(run, () => 2000);
    void calm.now();
    for (let second = 0; second < 30; second += 1) {
      calm.ask();
      await vi.advanceTimersByTimeAsync(1000);
    }
    expect(run).toHaveBeenCalledTimes(1);
    ends[0]?.();
    await vi.advanceTimersByTimeAsync(1999);
    expect(run).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(run).toHaveBeenCalledTimes(2);
  });

  it('runs_at_once_for_another_question_and_takes_the_waiting_round_with_it', async () => {
    const { ends, run } = rounds();
    const calm = new Calm(run, () => 2000);
    calm.ask();
    void calm.now();
    ends[0]?.();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(run).toHaveBeenCalledTimes(1);
  });

  it('goes_on_after_a_failure', async () => {
    const run = vi.fn(() => Promise.reject(new Error('gone')));
    const calm = new Calm(run, () => 2000);
    const first = calm.now();
    calm.ask();
    await first;
    await vi.advanceTimersByTimeAsync(2000);
    expect(run).toHaveBeenCalledTimes(2);
  });

  it('begins_nothing_after_its_end', async () => {
    const { ends, run } = rounds();
    const stop = again(run, 5000);
    ends[0]?.();
    await vi.advanceTimersByTimeAsync(5000);
    expect(run).toHaveBeenCalledTimes(2);
    stop();
    ends[1]?.();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(run).toHaveBeenCalledTimes(2);
  });
});
