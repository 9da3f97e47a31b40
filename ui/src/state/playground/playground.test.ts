import { describe, expect, it } from 'vitest';
import { begun, EMPTY, grown, type Answer } from './answer';
import { medals } from './best';
import { ask, FRESH, keep, load, ready, restore, split, suggested, type Draft } from './draft';
import { EventReader } from './events';
import type { Measures } from './run.svelte';
import { taken } from './taken';

describe('event reader', () => {
  const body = 'event: a\r\ndata: {"n":1}\r\n\r\n: a comment\n\ndata: two\ndata: lines\n\ndata: last';

  it.each([1, 2, 3, 7, 1000])('gives_the_same_whatever_the_pieces (%i)', (size) => {
    const reader = new EventReader();
    const found: string[] = [];
    for (let at = 0; at < body.length; at += size) found.push(...reader.read(body.slice(at, at + size)));
    expect([...found, ...reader.end()]).toEqual(['{"n":1}', 'two\nlines', 'last']);
  });
});

describe('answer', () => {
  const say = (...events: object[]) => events.reduce<Answer>((answer, event) => grown(answer, JSON.stringify(event)), EMPTY);

  it('grows_by_deltas_and_ends', () => {
    const answer = say(
      { type: 'message_start', message: { model: 'm', usage: { input_tokens: 5, cache_read_input_tokens: 7, output_tokens: 1 } } },
      { type: 'content_block_start', content_block: { type: 'thinking', thinking: '' } },
      { type: 'content_block_delta', delta: { type: 'thinking_delta', thinking: 'hm' } },
      { type: 'content_block_start', content_block: { type: 'text', text: 'a' } },
      { type: 'content_block_delta', delta: { type: 'text_delta', text: 'b' } },
      { type: 'content_block_start', content_block: { type: 'tool_use', name: 'look' } },
      { type: 'message_delta', delta: { stop_reason: 'max_tokens' }, usage: { output_tokens: 9 } },
      { type: 'message_stop' },
    );
    expect(answer).toMatchObject({ text: 'ab', thinking: 'hm', tools: ['look'], model: 'm', stop: 'max_tokens', ended: true, error: null });
    expect(answer.tokens).toMatchObject({ input_tokens: 5, cache_read_tokens: 7, output_tokens: 9 });
  });

  it('keeps_the_words_when_an_error_comes_after_them', () => {
    const answer = say({ type: 'content_block_delta', delta: { text: 'half' } }, { type: 'error', error: { message: 'overloaded' } });
    expect([answer.text, answer.error, answer.ended, begun(answer)]).toEqual(['half', 'overloaded', false, true]);
  });

  it.each(['', '[DONE]', '{', '{"type":"ping"}', 'null'])('is_not_changed_by %j', (data) => expect(grown(EMPTY, data)).toBe(EMPTY));
});

describe('draft', () => {
  const draft: Draft = { ...FRESH, turns: [{ role: 'user', content: 'hi' }], targets: [{ id: 1, to: 'provider:a:b', model: ' m ' }] };

  it('asks_where_it_is_told_to', () => {
    expect(ask(draft, { id: 1, to: 'provider:a:b', model: ' m ' })).toEqual({ provider: 'a:b', model: 'm', max_tokens: 1024, messages: draft.turns });
    expect(ask(draft, { id: 1, to: 'group:g', model: 'm' })).toMatchObject({ group: 'g' });
    expect(Object.keys(ask(draft, { id: 1, to: '', model: 'm' }))).toEqual(['model', 'max_tokens', 'messages']);
  });

  it.each([['', undefined], ['0', 0], ['0,7', 0.7], ['warm', undefined]])('a temperature of %j is %j', (temperature, wanted) => {
    expect(ask({ ...draft, temperature }, { id: 1, to: '', model: 'm' }).temperature).toBe(wanted);
  });

  it('is_ready_with_a_question_and_a_model', () => {
    expect(ready(draft)).toBe(true);
    expect(ready({ ...draft, turns: [{ role: 'user', content: ' ' }] })).toBe(false);
    expect(ready({ ...draft, targets: [{ id: 1, to: '', model: '' }] })).toBe(false);
  });

  it('comes_back_as_it_was', () => expect(restore(JSON.stringify(draft))).toEqual(draft));

  it('begins_with_a_model_of_whoever_would_answer', () => {
    const owners = { 'practice-opus': 'practice', 'glm-4.6': 'relay' };
    const offered = Object.keys(owners);
    expect(suggested(offered, owners, ['relay'])).toBe('glm-4.6');
    expect(suggested(offered, owners, ['nobody'])).toBe('practice-opus');
    expect(suggested([], owners, ['relay'])).toBeUndefined();
    expect(restore('{"targets":[{"to":"","model":"m","given":true}]}').targets).toEqual([{ id: 1, to: '', model: 'm', given: true }]);
  });

  it.each([null, '', '{', '[]', '{"turns":1}', '{"turns":[],"targets":[]}'])('%j restores to a fresh one', (text) => {
    expect(restore(text)).toEqual(FRESH);
  });

  it('keeps_its_words_no_longer_than_the_tab_and_those_of_a_capture_not_at_all', () => {
    const written: Draft = { ...draft, system: 'be brief' };
    keep(written);
    expect(load()).toEqual(written);
    expect(JSON.stringify({ ...localStorage })).not.toMatch(/brief|hi/);
    keep({ ...written, captured: true });
    expect(JSON.stringify([{ ...localStorage }, { ...sessionStorage }])).not.toMatch(/brief|hi/);
    expect(load()).toEqual({ ...FRESH, targets: draft.targets });
  });

  it('forgets_words_that_were_once_kept_without_an_end', () => {
    sessionStorage.clear();
    localStorage.setItem('turnout.playground', JSON.stringify({ ...draft, system: 'be brief' }));
    expect(load()).toEqual({ ...FRESH, targets: draft.targets });
    expect(JSON.stringify({ ...localStorage })).not.toMatch(/brief|hi/);
  });

  it('splits_a_place', () => expect([split('group:x'), split(''), split('moon:x')]).toEqual([['group', 'x'], [null, ''], [null, '']]));
});

describe('medals', () => {
  const one = (ttftMs: number | null, cost: string | null): Measures => ({ ttftMs, cost, durationMs: 1, tokensPerSecond: null, tokensIn: 1, tokensOut: 1 });

  it('go_to_the_best_of_those_that_are_known', () => {
    expect(medals([one(50, '0.10'), one(40, '0.1'), one(null, '0.0999999')])).toEqual([[], ['ttft'], ['cost']]);
  });

  it.each([[[one(5, '1')]], [[one(5, '1'), one(5, '1.0')]], [[one(5, null), one(null, '1')]]])('are_not_given_without_a_contest', (all) => {
    expect(medals(all).flat()).toEqual([]);
  });
});

describe('taken', () => {
  it('says_again_what_claude_code_said_without_its_tools', () => {
    const body = {
      model: 'm',
      max_tokens: 9,
      temperature: 0,
      system: [{ type: 'text', text: 'be' }, { type: 'text', text: 'brief' }],
      tools: [{}, {}],
      messages: [
        { role: 'user', content: 'look' },
        { role: 'assistant', content: [{ type: 'thinking', thinking: 'hm' }, { type: 'text', text: 'I do' }, { type: 'tool_use', name: 'x' }] },
        { role: 'user', content: [{ type: 'tool_result', content: 'y' }] },
        { role: 'assistant', content: 'done' },
      ],
    };
    expect(taken(JSON.stringify(body))).toEqual({
      model: 'm',
      leftOut: 4,
      draft: {
        system: 'be\n\nbrief',
        maxTokens: 9,
        temperature: '0',
        turns: [
          { role: 'user', content: 'look' },
          { role: 'assistant', content: 'I do' },
          { role: 'assistant', content: 'done' },
          { role: 'user', content: '' },
        ],
      },
    });
  });

  it('reads_the_system_prompt_of_a_chat', () => {
    const found = taken(JSON.stringify({ messages: [{ role: 'system', content: 's' }, { role: 'user', content: [{ type: 'text', text: 'u' }] }] }));
    expect(found).toMatchObject({ model: '', leftOut: 0, draft: { system: 's', turns: [{ role: 'user', content: 'u' }] } });
  });

  it.each(['', '[]', 'null', '{"input":"x"}'])('%j is no conversation', (text) => expect(taken(text)).toBeNull());
});
