import { afterEach, describe, expect, it } from 'vitest';
import { i18n } from '../i18n/index.svelte';
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

describe('in Chinese', () => {
  afterEach(() => i18n.choose('en'));

  it.each(['window', 'tray', 'command line', 'config file', 'admin token', 'token ci', 'budget daily', 'unknown'])('there is a word for %s', (actor) => {
    i18n.choose('zh-CN');
    expect(i18n.word('settingsActor_', actorOf(actor).word)).toMatch(/^\p{Script=Han}+$/u);
  });

  // What comes by no call of the admin API: the tray, budgets, a config edited by hand, an import without an instance.
  it.each(['group.activate', 'group.pause', 'group.resume', 'mode.set', 'practice.outage', 'config.update', 'import.config', 'admin.enter'])(
    'there are words for %s',
    (action) => {
      i18n.choose('zh-CN');
      expect(i18n.word('settingsAction_', action)).toMatch(/^\p{Script=Han}+$/u);
    },
  );
});
