import { render, screen } from '@testing-library/svelte';
import { expect, it } from 'vitest';
import type { ReplaySide } from '../../api/history';
import { i18n } from '../../i18n/index.svelte';
import Compared from './Compared.svelte';

function side(part: Partial<ReplaySide>): ReplaySide {
  return { id: 'req-1', status: 'completed', output_tokens: 40, answer: { text: 'Hello', tool_calls: [], cut: false }, ...part };
}

it.each<[string, Partial<ReplaySide>, string]>([
  ['that has no price', { cost_usd: null }, 'Cost $0.0012 no price known'],
  ['that failed', { cost_usd: null, status: 'failed', output_tokens: null }, 'Cost $0.0012 –'],
  ['that is cheaper', { cost_usd: '0.0006' }, 'Cost $0.0012 $0.0006 -50%'],
])('an answer %s beside one that has', (_, part, wanted) => {
  i18n.choose('en');
  render(Compared, { result: { original: side({ cost_usd: '0.0012' }), replay: side({ id: 'req-2', ...part }), same_text: true, redacted: 0 } });
  const row = screen.getByText('Cost').closest('tr');
  expect([...(row?.cells ?? [])].map((cell) => cell.textContent?.trim().replace(/\s+/g, ' ')).join(' ')).toBe(wanted);
});
