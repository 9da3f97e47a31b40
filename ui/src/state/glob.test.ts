import { expect, it } from 'vitest';
import { fitsModel, widened } from './glob';

it.each([
  ['claude-*-haiku*', 'claude-3-5-haiku-latest', true],
  ['claude-*-haiku*', 'claude-haiku-4-5', false],
  ['haiku', 'claude-haiku-4-5', false],
  ['*HAIKU*', 'claude-haiku-4-5', true],
  ['gpt-5.?', 'gpt-5.1', true],
  ['gpt-5.?', 'gpt-5x1', false],
  ['{gpt,o}-*', 'o-3', true],
  ['z-ai/*', 'z-ai/glm-4.6', true],
  ['claude-[so]*', 'claude-sonnet-4-5', true],
  ['claude-[!s]*', 'claude-sonnet-4-5', false],
  ['claude-sonnet-4-5', 'claude-sonnet-4-5[1m]', true],
  ['claude-*[1m]', 'claude-sonnet-4-5', false],
  ['claude-*[1m]', 'claude-sonnet-4-5[1m]', true],
  ['half{open', 'half{open', true],
  ['a+b(c)', 'a+b(c)', true],
])('%s over %s', (pattern, name, fits) => expect(fitsModel(pattern, name)).toBe(fits));

it('offers_a_wider_pattern_only_where_that_fits_something', () => {
  const names = ['claude-haiku-4-5'];
  expect(widened('haiku', names)).toBe('*haiku*');
  expect(widened('haiku*', names)).toBe('*haiku*');
  expect(widened('opus', names)).toBeNull();
});
