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

describe('models that nobody takes', () => {
  const at = (second: number) => new Date(Date.UTC(2026, 0, 1, 12, 0, second)).toISOString();
  const opus = (second: number) => ({ model: 'opus', until: at(second) });
  const sonnet = (second: number) => ({ model: 'sonnet', until: at(second) });
  const groups = [main(['a', {}], ['b', { priority: 2 }]), group('spare', { members: [member('z')] }), group('play', { members: [member('p')] })];
  const practice = provider('p', { dialect: 'practice' });
  const stuck = (...providers: ReturnType<typeof provider>[]) => summarise(status(), groups, new Set(), providers).stuck;

  it.each([
    ['one_rests_and_another_does_not', [provider('a', { resting: [opus(9)] }), provider('b')], []],
    ['each_rests_for_it_the_first_back_counts', [provider('a', { resting: [opus(9), sonnet(5)] }), provider('b', { resting: [opus(3)] })], [opus(3)]],
    ['who_rests_as_a_whole_takes_none', [provider('a', { health: 'open' }), provider('b', { resting: [opus(9)] })], [opus(9)]],
    ['all_that_is_known_of_one_rests', [provider('a', { health: 'cooling', resting: [opus(9)] })], [opus(9)]],
    ['another_group_takes_it', [provider('a', { resting: [opus(9)] }), provider('z')], []],
    ['practice_takes_over_nothing', [provider('a', { resting: [opus(9)] }), practice], [opus(9)]],
    ['all_rest_as_a_whole', [provider('a', { health: 'open' }), provider('b', { health: 'cooling' })], []],
  ])('%s', (_, providers, expected) => expect(stuck(...providers)).toEqual(expected));

  it('in_manual_mode_no_other_group_takes_it', () => {
    const providers = [provider('a', { resting: [opus(9)] }), provider('z')];
    expect(summarise(status({ mode: 'manual' }), groups, new Set(), providers).stuck).toEqual([opus(9)]);
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
  it('tells_a_missing_key_from_a_switch', () => {
    const off = { health: 'disabled' } as const;
    const providers = [provider('a', { ...off, lacks: 'it has no key' }), provider('b', { ...off, lacks: null }), provider('c')];
    expect([...withoutKey(providers)]).toEqual(['a']);
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
