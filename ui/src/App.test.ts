/** The whole window against a stand-in for the daemon: what a person sees and what is sent when they act. */
import { fireEvent, render, screen, waitFor, within } from '@testing-library/svelte';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import App from './App.svelte';
import type { RequestDetail } from './api/types';
import { i18n } from './i18n/index.svelte';
import { live } from './state/live.svelte';
import { detail, group, member, provider, row, status } from './testing/fixtures';
import { FakeSource } from './testing/source';

type Answer = unknown | { refuse: number; message: string };
let answers: Record<string, Answer>;
let sent: { method: string; path: string; body: unknown }[];

function daemon(): Record<string, Answer> {
  return {
    'GET /status': status(),
    'GET /groups': list(
      group('main', {
        active: true,
        state: 'active',
        members: [member('a', { ttft_ms: 640, success_rate: 0.99 }), member('b', { priority: 2 })],
      }),
      group('spare', { members: [member('b', { health: 'open' })] }),
    ),
    'GET /providers': list(provider('a'), provider('b', { last_error: 'connection refused' })),
    'GET /keys': list({ id: 'a/0', provider: 'a', masked: '…wxyz', state: 'ready', uses: 3 }),
    'GET /requests': list(row('req-2', 2, { status: 'failed', reason: 'overloaded', attempts: 2 }), row('req-1', 1)),
    'GET /requests/req-2': failedDetail(),
    'GET /clients': list({ id: 'claude-code', name: 'Claude Code', installed: true, files: ['/home/me/.claude/settings.json'], points_at: 'http://127.0.0.1:7790', connected: true, remembered: true }),
    'GET /connect': { base_url: 'http://127.0.0.1:7790', token: 'tnt-secret', env: { ANTHROPIC_AUTH_TOKEN: 'tnt-secret' } },
    'POST /groups/spare/activate': group('spare', { active: true }),
    'POST /groups/main/pause': group('main', { paused: true }),
    'PUT /mode': { mode: 'manual' },
    'POST /practice/outage': { on: true },
    'POST /providers/a/keys': { id: 'a/1', provider: 'a', masked: '…9999', state: 'ready', uses: 0 },
  };
}

function list(...items: unknown[]) {
  return { items, next_cursor: null };
}

function failedDetail(): RequestDetail {
  const started_at = row('x', 2).started_at;
  return detail('req-2', {
    status: 'failed',
    reason: 'overloaded',
    error: 'b answered 529: Overloaded',
    cost_usd: '0.0000125',
    attempts: [
      { provider: 'a', key: '…wxyz', model: 'm', started_at, duration_ms: 300, http_status: 500, verdict: 'next-provider', reason: 'server_error', error: 'boom', input_tokens: 27, output_tokens: 10 },
      { provider: 'b', key: null, model: 'm', started_at, duration_ms: 200, http_status: 529, verdict: 'next-provider', reason: 'overloaded', error: 'Overloaded' },
    ],
  });
}

async function fetched(url: string, init?: RequestInit): Promise<Response> {
  const path = url.replace('/api/v1', '').split('?')[0] ?? '';
  const method = init?.method ?? 'GET';
  const body: unknown = typeof init?.body === 'string' ? JSON.parse(init.body) : undefined;
  if (method !== 'GET') {
    sent.push({ method, path, body });
    expect(new Headers(init?.headers).get('content-type')).toBe('application/json');
  }
  expect(init?.credentials).toBe('same-origin');
  const answer = answers[`${method} ${path}`];
  if (answer instanceof Error) throw answer;
  if (answer && typeof answer === 'object' && 'refuse' in answer) {
    const { refuse, message } = answer as { refuse: number; message: string };
    return Response.json({ error: { code: 'refused', message, request_id: 'req-0' } }, { status: refuse });
  }
  return answer === undefined
    ? Response.json({ error: { code: 'not_found', message: `nothing at ${path}` } }, { status: 404 })
    : Response.json(answer);
}

async function open(hash = '#/overview') {
  location.hash = hash;
  dispatchEvent(new HashChangeEvent('hashchange'));
  render(App);
  live.start();
  FakeSource.last.open();
  await waitFor(() => expect(live.line).not.toBe('connecting'));
}

const ready = () => screen.findByTestId('app-ready');

beforeEach(() => {
  answers = daemon();
  sent = [];
  FakeSource.all = [];
  vi.stubGlobal('fetch', fetched);
  vi.stubGlobal('EventSource', FakeSource);
  i18n.choose('en');
  Object.assign(live, {
    line: 'connecting', retryAt: null, status: null, groups: null, providers: [], keys: [],
    recent: null, notices: [], toasts: [], loadError: null,
  });
});
afterEach(() => live.stop());

describe('overview', () => {
  it('tells_where_requests_go_and_what_today_came_to', async () => {
    await open();
    await ready();
    expect(screen.getByTestId('status-line').dataset.state).toBe('ok');
    expect(screen.getByTestId('active-group').textContent).toBe('main');
    expect(screen.getByTestId('active-provider').textContent?.trim()).toBe('a');
    expect(screen.getByTestId('today-requests').textContent).toBe('12');
    expect(screen.getByTestId('today-cost').textContent?.trim()).toBe('$1.50');
    const a = screen.getByTestId('member-main-a');
    expect(a.dataset.serving).toBe('true');
    expect(a.textContent).toContain('640 ms');
    expect(screen.getByTestId('member-spare-b').textContent).toContain('connection refused');
  });

  it('activates_and_pauses_with_one_click', async () => {
    await open();
    await ready();
    await fireEvent.click(screen.getByTestId('group-spare-activate'));
    await fireEvent.click(screen.getByTestId('group-main-pause'));
    await waitFor(() => expect(sent.map((s) => s.path)).toEqual(['/groups/spare/activate', '/groups/main/pause']));
  });

  it('says_why_a_click_did_nothing', async () => {
    answers['POST /groups/spare/activate'] = { refuse: 404, message: 'there is no group named "spare"' };
    await open();
    await ready();
    await fireEvent.click(screen.getByTestId('group-spare-activate'));
    const notice = await screen.findByTestId('notice');
    expect(notice.textContent).toContain('spare was not activated');
    expect(notice.textContent).toContain('there is no group named');
  });

  it('asks_for_the_other_mode', async () => {
    await open();
    await ready();
    const toggle = screen.getByTestId('mode-toggle');
    expect(toggle.getAttribute('aria-checked')).toBe('true');
    await fireEvent.click(toggle);
    expect(sent).toEqual([{ method: 'PUT', path: '/mode', body: { mode: 'manual' } }]);
  });

  it('follows_the_stream', async () => {
    await open();
    await ready();
    FakeSource.last.send('status', status({ active_provider: 'b' }));
    FakeSource.last.send('group', group('main', { active: true, state: 'active', members: [member('a', { health: 'cooling', cooling_until: new Date(Date.now() + 42_000).toISOString() }), member('b', { priority: 2 })] }));
    await waitFor(() => expect(screen.getByTestId('active-provider').textContent?.trim()).toBe('b'));
    expect(screen.getByTestId('status-line').dataset.state).toBe('degraded');
    expect(screen.getByTestId('member-main-a').textContent).toMatch(/back in 4[12] s/);
  });

  it('explains_practice_and_can_fail_on_purpose', async () => {
    answers['GET /groups'] = list(group('practice', { active: true, members: [member('p')] }));
    answers['GET /providers'] = list(provider('p', { dialect: 'practice' }));
    await open();
    await screen.findByTestId('first-run');
    await fireEvent.click(screen.getByTestId('first-run-away'));
    await screen.findByTestId('practice-hint');
    await fireEvent.click(screen.getByTestId('practice-outage'));
    expect(sent).toEqual([{ method: 'POST', path: '/practice/outage', body: { on: true } }]);
  });

  it('shows_the_problems_in_the_words_of_the_daemon', async () => {
    answers['GET /status'] = status({ problems: [{ kind: 'config', message: 'config.toml line 3: no such provider' }] });
    await open();
    expect((await screen.findByTestId('problems')).textContent).toContain('config.toml line 3');
  });

  it('shows_names_in_problems_as_code_and_nothing_as_markup', async () => {
    answers['GET /status'] = status({ problems: [{ kind: 'config', message: 'line 3: `lissen` <b>`x' }] });
    await open();
    const problems = await screen.findByTestId('problems');
    expect(problems.querySelector('code')?.textContent).toBe('lissen');
    expect(problems.querySelector('b')).toBeNull();
    expect(problems.querySelector('li')?.textContent?.trim()).toBe(
      'Config: line 3: lissen <b>`x. The settings before stay in use.',
    );
  });

  it('says_that_a_key_is_missing_and_who_answers_instead', async () => {
    answers['GET /status'] = status({ active_provider: 'p', serving_group: 'practice' });
    answers['GET /groups'] = list(
      group('practice', { members: [member('p')] }),
      group('main', { active: true, state: 'cooling', members: [member('a', { health: 'disabled' })] }),
    );
    answers['GET /providers'] = list(provider('p', { dialect: 'practice' }), provider('a', { health: 'disabled', lacks: 'it has no key' }));
    answers['GET /keys'] = list({ id: 'a/0', provider: 'a', masked: '…', state: 'missing', uses: 0 });
    await open();
    await waitFor(() => expect(screen.getByTestId('member-main-a').textContent).toContain('No key'));
    expect(screen.getByTestId('status-line').textContent).toContain(
      'No provider of main has a key. Provider p (group practice) answers instead.',
    );
    expect(screen.getByTestId('left-group').textContent).toBe('in group practice');
    expect(screen.getByTestId('group-main').textContent).toContain('Active, no key');
  });

  it('keeps_calling_a_resting_group_active_and_says_what_was_wrong', async () => {
    answers['GET /groups'] = list(
      group('main', { active: true, state: 'cooling', members: [member('a', { health: 'cooling', ttft_ms: 0, success_rate: 0 })] }),
    );
    answers['GET /providers'] = list(provider('a', { last_error: 'stream_cut (claude-opus-4-1)' }));
    await open();
    await ready();
    expect(screen.getByTestId('group-main').textContent).toContain('Active, resting');
    const a = screen.getByTestId('member-main-a').textContent;
    expect(a).toContain('Broke off its answer (claude-opus-4-1)');
    expect(a).not.toContain('0 ms');
  });

  it('knows_a_request_without_a_model_by_its_path', async () => {
    answers['GET /requests'] = list(row('req-1', 1, { model_requested: null, model_used: null, path: '/v1/models?limit=9' }));
    await open();
    await ready();
    expect((await screen.findByTestId('latest-row')).querySelector('.c-model')?.textContent?.trim()).toBe('/v1/models');
  });

  it('speaks_chinese', async () => {
    i18n.choose('zh-CN');
    await open();
    await ready();
    expect(screen.getByTestId('nav-history').textContent?.trim()).toBe('历史');
    expect(document.documentElement.lang).toBe('zh-CN');
  });
});

describe('keys', () => {
  it('are_listed_masked_and_a_new_one_goes_in_and_is_forgotten', async () => {
    await open();
    await ready();
    await fireEvent.click(screen.getByTestId('keys-a'));
    const dialog = await screen.findByTestId('keys-dialog');
    expect((await within(dialog).findByTestId('key-row')).textContent).toContain('…wxyz');
    const input = screen.getByTestId<HTMLInputElement>('key-input');
    await fireEvent.input(input, { target: { value: '  sk-secret-9999 ' } });
    await fireEvent.click(screen.getByTestId('key-save'));
    await waitFor(() => expect(screen.getByTestId('key-result').textContent).toBe('Saved'));
    expect(sent).toEqual([{ method: 'POST', path: '/providers/a/keys', body: { value: 'sk-secret-9999' } }]);
    expect(input.value).toBe('');
    expect(document.body.innerHTML).not.toContain('sk-secret');
  });

  it('are_asked_for_where_a_switch_could_not_help', async () => {
    answers['GET /providers'] = list(provider('a', { enabled: true, health: 'disabled', lacks: 'it has no key' }), provider('b'));
    answers['GET /keys'] = list({ id: 'a/0', provider: 'a', masked: '…', state: 'missing', uses: 0 });
    await open('#/providers?provider=a');
    const dialog = await screen.findByTestId('provider-dialog');
    const add = await within(dialog).findByTestId('dialog-needs-key');
    expect(screen.queryByTestId('dialog-switch')).toBeNull();
    await fireEvent.click(add);
    await within(dialog).findByTestId('key-input');
    location.hash = '#/providers?provider=b';
    dispatchEvent(new HashChangeEvent('hashchange'));
    await screen.findByTestId('dialog-switch');
    expect(screen.queryByTestId('dialog-needs-key')).toBeNull();
  });

  it('that_could_not_be_saved_stay_in_the_field', async () => {
    answers['POST /providers/a/keys'] = { refuse: 503, message: 'no keychain answers' };
    await open();
    await ready();
    await fireEvent.click(screen.getByTestId('keys-a'));
    const input = await screen.findByTestId<HTMLInputElement>('key-input');
    await fireEvent.input(input, { target: { value: 'sk-secret-9999' } });
    await fireEvent.click(screen.getByTestId('key-save'));
    await waitFor(() => expect(screen.getByTestId('key-result').textContent).toContain('no keychain answers'));
    expect(input.value).toBe('sk-secret-9999');
  });
});

describe('history', () => {
  it('lists_requests_and_takes_new_ones_in', async () => {
    await open('#/history');
    await waitFor(() => expect(rows()).toEqual(['req-2', 'req-1']));
    FakeSource.last.send('request', row('req-3', 3, { status: 'streaming' }));
    await waitFor(() => expect(rows()).toEqual(['req-3', 'req-2', 'req-1']));
    FakeSource.last.send('request', row('req-3', 3));
    await waitFor(() => expect(screen.getAllByTestId('history-row')[0]?.dataset.status).toBe('completed'));
    expect(rows()).toHaveLength(3);
  });

  it('opens_the_chain_of_attempts', async () => {
    await open('#/history');
    await waitFor(() => expect(rows()).toHaveLength(2));
    await fireEvent.click(screen.getAllByTestId('history-row')[0] as HTMLElement);
    const attempts = await screen.findAllByTestId('attempt-row');
    expect(attempts.map((a) => a.dataset.provider)).toEqual(['a', 'b']);
    expect(attempts[0]?.textContent).toContain('…wxyz');
    expect(attempts[0]?.textContent).toContain('boom');
    expect(attempts[0]?.textContent).toContain('27 in, 10 out');
    expect(screen.getByTestId('detail-error').textContent).toBe('b answered 529: Overloaded');
    expect(screen.getByTestId('detail-cost').textContent?.trim()).toBe('$0.0000125');
    expect(location.hash).toBe('#/history?id=req-2');
  });

  it('is_driven_by_keys', async () => {
    await open('#/history');
    await waitFor(() => expect(rows()).toHaveLength(2));
    const grid = screen.getByRole('grid');
    await fireEvent.keyDown(grid, { key: 'ArrowDown' });
    expect(grid.getAttribute('aria-activedescendant')).toBe('row-req-2');
    await fireEvent.keyDown(grid, { key: 'Enter' });
    await screen.findByTestId('history-detail');
    await fireEvent.keyDown(window, { key: 'Escape' });
    await waitFor(() => expect(screen.queryByTestId('history-detail')).toBeNull());
  });

  it('says_so_when_nothing_matches_and_when_there_is_nothing', async () => {
    answers['GET /requests'] = list();
    await open('#/history?status=failed');
    await screen.findByText('Nothing matches');
    await fireEvent.click(screen.getByText('Clear filters'));
    await screen.findByText('No requests yet');
  });
});

function rows(): (string | undefined)[] {
  return screen.queryAllByTestId('history-row').map((r) => r.dataset.id);
}

describe('connect', () => {
  it('hides_the_token_until_asked', async () => {
    await open('#/clients');
    const snippet = await screen.findByTestId('connect-snippet');
    await waitFor(() => expect(snippet.textContent).toContain('export ANTHROPIC_AUTH_TOKEN='));
    expect(document.body.textContent).not.toContain('tnt-secret');
    await fireEvent.click(screen.getByTestId('token-toggle'));
    expect(snippet.textContent).toContain('tnt-secret');
  });

  it('notices_the_first_call_of_claude_code', async () => {
    answers['GET /requests'] = list();
    await open('#/clients');
    const seen = await screen.findByTestId('called-claude-code');
    expect(seen.dataset.seen).toBe('false');
    FakeSource.last.send('request', row('req-9', 9, { client: 'claude-code' }));
    await waitFor(() => expect(seen.dataset.seen).toBe('true'));
  });
});

describe('without a daemon', () => {
  it('names_the_program_that_lets_in_when_there_is_no_session', async () => {
    answers['GET /status'] = { refuse: 401, message: 'a browser gets in by `turnoutd-next ui`' };
    await open();
    const gate = await screen.findByTestId('gate');
    await waitFor(() => expect(gate.textContent).toContain('turnoutd-next ui'));
    expect(screen.queryByTestId('app-ready')).toBeNull();
  });

  it('says_how_to_start_it_and_goes_on_by_itself', async () => {
    const before = answers;
    answers = Object.fromEntries(Object.keys(before).map((key) => [key, new TypeError('connection refused')]));
    location.hash = '#/overview';
    render(App);
    live.start();
    FakeSource.last.fail();
    await screen.findByText('Turnout does not answer');
    answers = before;
    await fireEvent.click(screen.getByText('Try now'));
    FakeSource.last.open();
    await ready();
  });

  it('keeps_what_was_shown_when_the_line_is_lost', async () => {
    await open();
    await ready();
    FakeSource.last.fail();
    await screen.findByTestId('connection-lost');
    expect(screen.getByTestId('active-provider').textContent?.trim()).toBe('a');
  });

  it('repeats_the_daemons_words_when_it_cannot_answer', async () => {
    answers['GET /groups'] = { refuse: 500, message: 'disk I/O error in ledger.db' };
    await open();
    await screen.findByText('disk I/O error in ledger.db');
  });
});
