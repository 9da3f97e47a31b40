/** The admin API as a test wants it: every call answers at once, and each can be replaced. */
import { vi } from 'vitest';
import type { Api } from '../api/client';
import { detail, group, member, provider, row, status } from './fixtures';

export function fakeApi(part: Partial<Api> = {}): Api {
  return {
    status: vi.fn(async () => status()),
    groups: vi.fn(async () => [
      group('main', { active: true, state: 'active', members: [member('a'), member('b', { priority: 2 })] }),
      group('spare', { members: [member('b')] }),
    ]),
    providers: vi.fn(async () => [provider('a'), provider('b')]),
    keys: vi.fn(async () => []),
    requests: vi.fn(async () => ({ items: [row('req-1', 1)], next_cursor: null })),
    request: vi.fn(async (id: string) => detail(id)),
    connect: vi.fn(async () => ({ base_url: 'http://127.0.0.1:1', token: 't', env: {} })),
    activate: vi.fn(async (name: string) => group(name, { active: true })),
    pause: vi.fn(async (name: string) => group(name, { paused: true })),
    resume: vi.fn(async (name: string) => group(name)),
    setMode: vi.fn(async () => ({})),
    practiceOutage: vi.fn(async () => ({})),
    ...part,
  };
}
