import { describe, expect, it } from 'vitest';
import { sparkline } from './sparkline';

describe('sparkline', () => {
  it('runs_from_edge_to_edge_with_the_highest_at_the_top', () => {
    expect(sparkline([0, 5, 10], 20, 12)).toEqual({ line: 'M0 11L10 6L20 1', area: 'M0 12L0 11L10 6L20 1L20 12Z' });
  });

  it('leaves_a_gap_where_nothing_is_known', () => {
    expect(sparkline([4, 4, null, 4], 30, 10).line).toBe('M0 1L10 1M30 1h0');
  });

  it('lies_at_the_bottom_when_all_is_nothing', () => {
    expect(sparkline([0, 0], 10, 10).line).toBe('M0 9L10 9');
    expect(sparkline([], 10, 10)).toEqual({ line: '', area: '' });
  });

  it('is_measured_against_a_given_top', () => {
    expect(sparkline([0.5, 2], 10, 12, 1).line).toBe('M0 6L10 1');
  });
});
