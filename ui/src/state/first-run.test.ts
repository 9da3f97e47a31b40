import { expect, it } from 'vitest';
import { group, member, provider, row, status } from '../testing/fixtures';
import { realProvider } from './first-run.svelte';

const providers = [provider('practice', { dialect: 'practice' }), provider('relay')];
const practising = group('practice', { active: true, members: [member('practice')] });
const own = group('main', { members: [member('relay')] });

it.each([
  ['none_is_there', { groups: [practising], recent: [] }, { served: false, idle: null }],
  ['one_is_there_and_serves_nothing', { groups: [practising, own], recent: [] }, { served: false, idle: { provider: 'relay', group: 'main' } }],
  ['one_stands_behind_practice', { groups: [group('practice', { active: true, members: [member('practice'), member('relay')] })], recent: [] }, { served: false, idle: { provider: 'relay', group: '' } }],
  ['one_has_answered', { groups: [practising, own], recent: [row('r', 0, { provider: 'relay' })] }, { served: true, idle: null }],
  ['one_has_failed', { groups: [practising], recent: [row('r', 0, { provider: 'relay', status: 'failed' })] }, { served: false, idle: null }],
])('%s', (_, { groups, recent }, expected) => {
  expect(realProvider(status({ active_provider: 'practice' }), groups, providers, recent)).toEqual(expected);
});

it('one_serves', () => {
  expect(realProvider(status({ active_provider: 'relay' }), [own], providers, [])).toEqual({ served: true, idle: null });
});
