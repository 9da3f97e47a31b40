import { cleanup, render } from '@testing-library/svelte';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import Audit from './Audit.svelte';
import Prices from './Prices.svelte';

const asked: string[] = [];

beforeEach(() => {
  vi.useFakeTimers();
  asked.length = 0;
  vi.stubGlobal('fetch', async (url: string | URL | Request) => {
    asked.push(new URL(url instanceof Request ? url.url : url, location.href).pathname);
    return Response.json({ items: [], next_cursor: null });
  });
});
afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

it.each([
  ['/api/v1/prices', Prices],
  ['/api/v1/audit', Audit],
])('%s is asked once while nothing is searched', async (path, section) => {
  render(section);
  await vi.advanceTimersByTimeAsync(2000);
  expect(asked.filter((one) => one === path)).toEqual([path]);
});
