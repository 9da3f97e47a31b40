import { describe, expect, it } from 'vitest';
import { actorOf, subject } from './audit';

const change = (key: string) => ({ key, before: null, after: null });

describe('an entry of the audit log', () => {
  it.each([
    ['what the call named', { target: 'relay', changes: [change('providers.relay')] }, 'relay'],
    ['a new rule', { target: null, changes: [change('rules.small ones')] }, 'small ones'],
    ['a new token', { target: null, changes: [change('server.client_tokens.ci')] }, 'ci'],
    ['a setting', { target: null, changes: [change('routing.suspend')] }, 'routing.suspend'],
    ['many', { target: null, changes: ['a', 'b', 'c', 'd'].map(change) }, 'a, b, c …'],
    ['nothing', { target: null, changes: [] }, ''],
  ])('is about %s', (_, entry, wanted) => expect(subject(entry)).toBe(wanted));

  it.each([
    ['window', 'window', ''],
    ['command line', 'command line', ''],
    ['token ci', 'token', 'ci'],
    ['budget of token ci', 'budget', 'of token ci'],
  ])('was done by %s', (actor, word, name) => expect(actorOf(actor)).toEqual({ word, name }));
});
