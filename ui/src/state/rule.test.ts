import { afterEach, describe, expect, it } from 'vitest';
import type { Rule } from '../api/rules';
import { i18n } from '../i18n/index.svelte';
import { detail } from '../testing/fixtures';
import { asked, headersOf, lacking, questionOf, SAMPLE, sampleOf, sketch, toForm, toRule, useSentence, whenSentence } from './rule';

const full: Rule = {
  name: 'all of it',
  enabled: false,
  when: {
    model: 'claude-*',
    tier: 'small',
    client: 'claude-code',
    dialect: 'anthropic',
    background: true,
    thinking: false,
    has_tools: true,
    has_images: false,
    web_search: true,
    tokens_over: 60000,
    keyword: ['a', 'b'],
    regex: 'x+',
    similar_to: ['fix it'],
    hour: '9-17',
    path: '/v1/*',
    token: 'local',
    threshold: 0.4,
  },
  use: { group: 'spare', provider: 'relay', model: 'glm', effort: 'low', max_tokens: 2000 },
};

const rule = (when: Rule['when'], use: Rule['use'] = { group: 'spare' }): Rule => ({ name: 'r', enabled: true, when, use });

describe('a form', () => {
  it('gives_back_every_fact_and_every_use', () => {
    expect(toRule(toForm(full))).toEqual(full);
  });

  it('tells_which_conditions_say_nothing_and_keeps_their_place_in_the_sentence', () => {
    const form = { ...toForm(rule({ background: true })), facts: [asked('background'), asked('model'), asked('keyword'), asked('tokens_over')] };
    expect(lacking(form)).toEqual(['model', 'keyword', 'tokens_over']);
    expect(lacking(toForm(full))).toEqual([]);
    expect(whenSentence(sketch(form))).toBe(
      'When the model is `…`, it is a small helper call, the input is over … tokens, and the text has `…`',
    );
  });

  it('leaves_out_what_is_not_filled_in', () => {
    const form = toForm(rule({ model: ' ', keyword: [] as string[], hour: '' }, { group: 'spare', model: '' }));
    expect(toRule(form)).toEqual(rule({}));
  });

  it('takes_a_single_word_for_a_list_of_one', () => {
    expect(toRule(toForm(rule({ keyword: 'urgent' }))).when).toEqual({ keyword: ['urgent'] });
  });

  it('leaves_what_is_no_number_for_the_daemon_to_refuse', () => {
    const form = toForm(rule({ tokens_over: 1 }));
    form.facts[0]!.text = 'many';
    expect(toRule(form).when).toEqual({ tokens_over: 'many' });
  });
});

describe('a sentence', () => {
  afterEach(() => i18n.choose('en'));

  it.each([
    [{}, 'Always', '始终'],
    [{ model: 'a*' }, 'When the model is `a*`', '当模型为 `a*`时'],
    [{ model: 'a*', client: 'codex' }, 'When the model is `a*` and the client is `codex`', '当模型为 `a*`，且客户端为 `codex`时'],
    [{ tier: 'small', thinking: false, hour: '9-17' }, 'When a small model is asked for, no thinking is asked for, and the hour is 9-17', '当请求的是小模型，不要求思考，且时间在 9-17 点时'],
    [{ keyword: ['a', 'b'] }, 'When the text has `a` or `b`', '当文本含有 `a`或`b`时'],
  ])('%j', (when, english, chinese) => {
    i18n.choose('en');
    expect(whenSentence(rule(when))).toBe(english);
    i18n.choose('zh-CN');
    expect(whenSentence(rule(when))).toBe(chinese);
  });

  it('says_what_is_used', () => {
    i18n.choose('en');
    expect(useSentence(full)).toBe('group `spare`, provider `relay`, model `glm`, low effort, at most 2,000 tokens');
    expect(useSentence(rule({}, {}))).toBe('nothing yet');
  });
});

describe('a question', () => {
  it('reads_headers_line_by_line', () => {
    expect(headersOf('A: 1\n\nnonsense\nx-route: group:main\n')).toEqual({ A: '1', 'x-route': 'group:main' });
  });

  it('sends_the_body_as_it_is_typed', () => {
    expect(questionOf({ ...SAMPLE, body: '{"model": 1.0' })).toMatchObject({ path: '/v1/messages', body: '{"model": 1.0' });
    expect('token' in questionOf(SAMPLE)).toBe(false);
  });

  it('stands_for_a_request_of_the_history', () => {
    const made = sampleOf(detail('req-1', { client: 'codex', path: '/v1/responses', model_requested: 'gpt', token: 'local' }), null);
    expect(made.headers).toMatch(/^user-agent: codex_cli_rs\//);
    expect([made.path, made.token, JSON.parse(made.body)]).toEqual(['/v1/responses', 'local', { model: 'gpt', max_tokens: 1024, input: 'Hello' }]);
    expect(sampleOf(detail('req-1'), '{"kept":true}').body).toBe('{"kept":true}');
  });
});
