import { describe, expect, it } from 'vitest';
import { commands, matching, type Command } from './commands.svelte';

const command = (text: string, more: Partial<Command> = {}): Command => ({ id: text, kind: 'action', text, run: () => {}, ...more });
const COMMANDS = [
  command('Pause main'),
  command('Switch to main', { also: 'use activate' }),
  command('gpt-5.1 · relay', { note: 'Healthy' }),
  command('切换到 main'),
];
const found = (question: string) => matching(COMMANDS, question).map((one) => one.text);

describe('matching', () => {
  it.each([
    ['use main', ['Switch to main']],
    ['main', ['Pause main', 'Switch to main', '切换到 main']],
    ['relay heal', ['gpt-5.1 · relay']],
    ['5.1', ['gpt-5.1 · relay']],
    ['换到', ['切换到 main']],
    ['nothing', []],
  ])('%s', (question, expected) => {
    expect(found(question)).toEqual(expected);
  });

  it('puts_first_what_begins_with_the_question', () => {
    expect(found('switch')[0]).toBe('Switch to main');
    expect(found('')).toHaveLength(4);
  });
});

describe('commands', () => {
  it.each([
    ['budget', 'settings-budgets'],
    ['price', 'settings-prices'],
    ['config', 'settings-config'],
    ['autostart', 'settings-general'],
    ['chinese', 'language-zh-CN'],
  ])('lead_from_everywhere_to_%s', (question, id) => {
    expect(matching(commands.all(), question).map((one) => one.id)).toContain(id);
  });
});
