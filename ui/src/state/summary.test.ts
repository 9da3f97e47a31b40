import { describe, expect, it } from 'vitest';
import { group, member, provider, status } from '../testing/fixtures';
import { activeFirst, isPracticeOnly, summarise, withoutKey } from './summary';

const main = (...members: Parameters<typeof member>[]) =>
  group('main', { active: true, members: members.map(([name, part]) => member(name, part)) });

describe('summarise', () => {
  it('is_ok_while_the_first_choice_serves', () => {
    expect(summarise(status(), [main(['a', {}], ['b', { priority: 2, health: 'unknown' }])]).state).toBe('ok');
  });

  it('is_degraded_when_another_stands_in_and_names_the_first_choice', () => {
    const groups = [main(['b', { priority: 2 }], ['a', { health: 'cooling' }])];
    const summary = summarise(status({ active_provider: 'b' }), groups);
    expect(summary).toMatchObject({ state: 'degraded', serving: 'b', resting: 1 });
    expect(summary.preferred?.provider).toBe('a');
  });

  it('is_degraded_when_another_group_took_over', () => {
    expect(summarise(status({ active_provider: 'z', serving_group: 'spare' }), [main(['a', {}])]).state).toBe('degraded');
  });

  it('has_no_first_choice_where_members_take_turns', () => {
    const turns = { ...main(['a', {}], ['b', { priority: 2 }]), policy: 'round-robin' };
    expect(summarise(status({ active_provider: 'b' }), [turns])).toMatchObject({ state: 'ok', preferred: null });
  });

  it('does_not_mind_a_provider_that_was_switched_off', () => {
    expect(summarise(status(), [main(['a', {}], ['b', { priority: 2, health: 'disabled' }])]).state).toBe('ok');
  });

  it('is_down_when_nothing_serves', () => {
    expect(summarise(status({ active_provider: null }), [main(['a', { health: 'open' }])]).state).toBe('down');
  });

  it('is_suspended_while_requests_wait', () => {
    expect(summarise(status({ active_provider: null, suspended: 2 }), [main(['a', { health: 'open' }])]).state).toBe('suspended');
  });

  it('is_paused_when_the_active_group_is', () => {
    const paused = { ...main(['a', {}]), paused: true };
    expect(summarise(status({ active_provider: null }), [paused]).state).toBe('paused');
  });
});

describe('an active group that can serve nothing', () => {
  const off = [main(['a', { health: 'disabled' }])];

  it('is_never_all_clear', () => {
    const summary = summarise(status({ active_provider: 'z', serving_group: 'spare' }), off, new Set(['a']));
    expect(summary).toMatchObject({ state: 'degraded', elsewhere: 'spare', barred: 'key' });
    expect(summarise(status({ active_provider: null, serving_group: null }), off).state).toBe('down');
    expect(summarise(status(), off)).toMatchObject({ state: 'down', barred: 'off' });
    expect(summarise(status(), [main()])).toMatchObject({ state: 'down', barred: 'members' });
  });

  it('is_not_barred_while_its_members_rest', () => {
    expect(summarise(status({ active_provider: null }), [main(['a', { health: 'cooling' }])]).barred).toBeNull();
  });
});

describe('withoutKey', () => {
  const off = (name: string) => provider(name, { health: 'disabled' });
  const key = (provider: string, state: string) => ({ id: `${provider}/0`, provider, masked: '…', state, uses: 0 });

  it('tells_a_missing_key_from_a_switch', () => {
    const keys = [key('a', 'missing'), key('b', 'ready'), key('c', 'missing'), key('c', 'unused'), key('d', 'missing')];
    const providers = [off('a'), off('b'), off('c'), provider('d'), off('e')];
    expect([...withoutKey(providers, keys)]).toEqual(['a']);
  });

  it('takes_the_daemons_word_where_the_config_names_no_key', () => {
    const problems = [{ kind: 'unused', message: 'line 4: provider a has no key: it cannot serve until it has one' }];
    expect([...withoutKey([off('a'), off('aa')], [], problems)]).toEqual(['a']);
  });
});

describe('practice', () => {
  const groups = [group('practice', { members: [member('p')] })];

  it('is_all_there_is_when_every_member_practises', () => {
    expect(isPracticeOnly(groups, [provider('p', { dialect: 'practice' })])).toBe(true);
  });

  it('is_not_claimed_without_groups_or_beside_a_real_provider', () => {
    expect(isPracticeOnly([], [])).toBe(false);
    expect(isPracticeOnly(groups, [provider('p')])).toBe(false);
  });
});

describe('activeFirst', () => {
  it('keeps_the_order_of_the_others', () => {
    const groups = [group('a'), group('b', { active: true }), group('c')];
    expect(activeFirst(groups).map((g) => g.name)).toEqual(['b', 'a', 'c']);
  });
});
