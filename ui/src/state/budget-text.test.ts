import { describe, expect, it } from 'vitest';
import { withBudget } from './budget-text';

const DAILY = { name: 'daily', limit: '20', per: 'day', then: 'notify' };
const ENTRY = '{ name = "daily", limit_usd = 20, per = "day", then = "notify" }';

describe('withBudget', () => {
  it.each([
    ['nothing there', '# mine\nversion = 1\n', '# mine\nversion = 1\n\n[[ledger.budgets]]\nname = "daily"\nlimit_usd = 20\nper = "day"\nthen = "notify"\n'],
    ['tables there', '[[ledger.budgets]]\nname = "a"\n', '[[ledger.budgets]]\nname = "a"\n\n[[ledger.budgets]]\nname = "daily"\nlimit_usd = 20\nper = "day"\nthen = "notify"\n'],
    ['an empty list', '[ledger]\nbudgets = []\n', `[ledger]\nbudgets = [${ENTRY}]\n`],
    ['a list', '[ledger]\nbudgets = [{ name = "a" }] # two\n', `[ledger]\nbudgets = [${ENTRY}, { name = "a" }] # two\n`],
  ])('%s', (_, before, after) => {
    expect(withBudget(before, DAILY)).toBe(after);
  });

  it('quotes_names', () => {
    expect(withBudget('', { ...DAILY, name: 'a "b"' })).toContain('name = "a \\"b\\""');
  });
});
