import { expect, it } from 'vitest';
import { standing } from './standing';

const NOW = Date.UTC(2026, 0, 1, 12);
const at = (second: number) => new Date(NOW + second * 1000).toISOString();
const opus = { model: 'opus', until: at(41) };

it.each([
  ['Healthy', { health: 'healthy' }],
  ['Resting, back in 9 s', { health: 'cooling', cooling_until: at(9) }],
  ['Rests for opus · 41 s', { health: 'degraded', resting: [opus] }],
  ['Rests for haiku and 1 more · 5 s', { health: 'cooling', cooling_until: at(41), resting: [opus, { model: 'haiku', until: at(5) }] }],
  ['Degraded', { health: 'degraded', resting: [{ model: 'opus', until: at(-1) }] }],
  ['Switched off', { health: 'disabled', resting: [opus] }],
] as const)('%s', (told, of) => expect(standing(of, NOW)).toBe(told.replace(/(?<=· \d+) /, '\u00a0')));

it('a_missing_key_goes_before_all', () => expect(standing({ health: 'disabled' }, NOW, true)).toBe('No key'));
