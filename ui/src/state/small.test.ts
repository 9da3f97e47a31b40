/** The small pure parts: the window on a long list, the lines for clients, the address. */
import { describe, expect, it } from 'vitest';
import { href, readPlace } from './route.svelte';
import { hideToken, snippet } from './snippets';
import { reveal, visible } from './window';

describe('visible', () => {
  it('covers_what_is_seen_with_some_to_spare', () => {
    expect(visible(1000, 34, 3400, 340)).toEqual({ start: 90, end: 121 });
  });

  it('stays_within_the_list', () => {
    expect(visible(5, 34, 0, 340)).toEqual({ start: 0, end: 5 });
    expect(visible(0, 34, 0, 340)).toEqual({ start: 0, end: 0 });
    const end = visible(100, 34, 99 * 34, 340);
    expect(end.end).toBe(100);
    expect(end.start).toBeLessThan(100);
  });

  it('is_small_however_long_the_list', () => {
    const { start, end } = visible(1_000_000, 34, 17_000_000, 900);
    expect(end - start).toBeLessThan(60);
  });
});

describe('reveal', () => {
  it('scrolls_no_further_than_needed', () => {
    expect(reveal(5, 34, 0, 340)).toBe(0);
    expect(reveal(10, 34, 0, 340)).toBe(34);
    expect(reveal(1, 34, 100, 340)).toBe(34);
  });
});

describe('snippet', () => {
  const env = { URL: 'http://127.0.0.1:7790', TOKEN: "it's a $secret" };

  it('quotes_for_each_place_so_that_nothing_is_expanded', () => {
    expect(snippet('shell', env)).toBe("export URL=http://127.0.0.1:7790\nexport TOKEN='it'\\''s a $secret'");
    expect(snippet('fish', env)).toBe("set -gx URL http://127.0.0.1:7790\nset -gx TOKEN 'it\\'s a $secret'");
    expect(snippet('powershell', env)).toBe("$env:URL = 'http://127.0.0.1:7790'\n$env:TOKEN = 'it''s a $secret'");
    expect(JSON.parse(snippet('settings', env))).toEqual({ env });
  });

  it('hides_the_token_and_its_length', () => {
    const shown = hideToken({ A: 'tnt-1', B: 'Bearer tnt-1', C: 'x' }, 'tnt-1');
    expect(JSON.stringify(shown)).not.toContain('tnt-1');
    expect(shown.A).toBe(hideToken({ A: 'a-much-longer-token' }, 'a-much-longer-token').A);
    expect(shown.C).toBe('x');
    expect(hideToken({ A: 'x' }, null)).toEqual({ A: 'x' });
  });
});

describe('place', () => {
  it('survives_the_address', () => {
    const params = { status: 'failed', provider: 'a b', q: '50% & more', id: 'req-1' };
    expect(readPlace(href('history', params))).toEqual({ page: 'history', params });
    expect(href('history', { status: '', id: 'req-1' })).toBe('#/history?id=req-1');
  });

  it('knows_a_page_by_its_former_name', () => {
    expect(readPlace('#/connect').page).toBe('clients');
  });

  it('falls_back_to_the_overview', () => {
    expect(readPlace('')).toEqual({ page: 'overview', params: {} });
    expect(readPlace('#/nowhere?id=req-1')).toEqual({ page: 'overview', params: { id: 'req-1' } });
  });
});
