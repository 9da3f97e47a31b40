import { describe, expect, it } from 'vitest';
import { blamed } from './told';

describe('what is blamed', () => {
  it.each<[string, Record<string, string>, string]>([
    ['this would not be valid: `when.regex` is no regular expression: unclosed group', { 'when.regex': 'Is no regular expression: unclosed group' }, ''],
    [
      'this would not be valid: `when.hour` must be hours of the day such as "9-17", "22-6" or "8,12-14"; `rules.when.tokens_over` must be a whole number, not a string',
      { 'when.hour': 'Must be hours of the day such as "9-17", "22-6" or "8,12-14"', 'when.tokens_over': 'Must be a whole number, not a string' },
      '',
    ],
    ['this would not be valid: `rules.use.max_tokens` must be a whole number, not a string', { 'use.max_tokens': 'Must be a whole number, not a string' }, ''],
    ['this would not be valid: `when.other` is unknown; the rest', {}, 'this would not be valid: `when.other` is unknown; the rest'],
    ['there is a rule x already', {}, 'there is a rule x already'],
  ])('%s', (told, fields, rest) => {
    const known = ['when.regex', 'when.hour', 'when.tokens_over', 'use.max_tokens'];
    expect(blamed(told, known)).toEqual({ fields, rest });
  });
});
