/** The small pure parts: the window on a long list, the lines for clients, the address. */
import { describe, expect, it } from 'vitest';
import { href, readPlace } from './route.svelte';
import { row } from '../testing/fixtures';
import { lastCall } from './clients.svelte';
import { GUIDES, guides, hideToken } from './snippets';
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

describe('guides', () => {
  const connect = { base_url: 'http://127.0.0.1:7790', token: "it's a $secret", env: { URL: 'http://127.0.0.1:7790', TOKEN: "it's a $secret" } };
  const blocks = (id: string, of = connect) => guides(of).find((guide) => guide.id === id)?.blocks?.map((block) => block.code) ?? [];

  it('quote_for_each_shell_so_that_nothing_is_expanded', () => {
    const [posix, fish, powershell, settings] = blocks('terminal');
    expect(posix).toBe("export URL=http://127.0.0.1:7790\nexport TOKEN='it'\\''s a $secret'");
    expect(fish).toBe("set -gx URL http://127.0.0.1:7790\nset -gx TOKEN 'it\\'s a $secret'");
    expect(powershell).toBe("$env:URL = 'http://127.0.0.1:7790'\n$env:TOKEN = 'it''s a $secret'");
    expect(JSON.parse(settings ?? '')).toEqual({ env: connect.env });
  });

  it('leave_the_hosts_that_were_without_a_proxy_before', () => {
    const env = { ...connect.env, NO_PROXY: '127.0.0.1,localhost' };
    const [posix, fish, powershell] = blocks('terminal', { ...connect, env }).map((code) => code.split('\n').at(-1));
    expect(posix).toBe('export NO_PROXY="${NO_PROXY:+$NO_PROXY,}127.0.0.1,localhost"');
    expect(fish).toBe('set -gx NO_PROXY (string join , $NO_PROXY 127.0.0.1,localhost)');
    expect(powershell).toBe("$env:NO_PROXY = (@($env:NO_PROXY) + '127.0.0.1,localhost' | Where-Object { $_ }) -join ','");
  });

  it('are_there_for_every_program_and_name_the_address', () => {
    expect(guides(connect).map((guide) => guide.id)).toEqual([...GUIDES]);
    for (const guide of guides(connect)) expect(JSON.stringify(guide), guide.id).toMatch(/127\.0\.0\.1:7790/);
  });

  it('hide_the_token_and_its_length', () => {
    const whole = (token: string) => JSON.stringify(guides(hideToken({ base_url: 'x', token, env: { A: `Bearer ${token}` } })));
    expect(whole('tnt-1')).not.toContain('tnt-1');
    expect(whole('tnt-1')).toBe(whole('a-much-longer-token'));
    const none = { base_url: 'x', token: null, env: { A: 'x' } };
    expect(hideToken(none)).toEqual(none);
  });
});

describe('lastCall', () => {
  it.each([
    [null, undefined, null],
    ['2026-01-01T12:00:05Z', undefined, { at: '2026-01-01T12:00:05Z', id: null }],
    [null, 5, { at: '2026-01-01T12:00:05.000Z', id: 'r' }],
    ['2026-01-01T12:00:09Z', 5, { at: '2026-01-01T12:00:09Z', id: null }],
    ['2026-01-01T12:00:01Z', 5, { at: '2026-01-01T12:00:05.000Z', id: 'r' }],
  ])('told %s, seen at second %s', (last_request_at, second, wanted) => {
    expect(lastCall({ last_request_at }, second === undefined ? undefined : row('r', second))).toEqual(wanted);
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
