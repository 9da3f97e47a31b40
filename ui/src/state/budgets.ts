/** What a budget does, in words. */
import type { Budget } from '../api/budgets';
import { t } from '../i18n/index.svelte';

/** What happens at its limit, and what did happen once it is reached. A person may have chosen another group since. */
export function consequence({ state, then }: Pick<Budget, 'state' | 'then'>, active: string | null | undefined): string {
  if (state === 'blocked') return t.budgetBlocked;
  const reached = state === 'reached';
  if (then.startsWith('group:')) {
    const group = then.slice('group:'.length);
    if (!reached) return t.budgetSwitch(group);
    return group === active ? t.budgetSwitched(group) : t.budgetOnce(group);
  }
  if (then === 'block') return t.budgetBlock;
  return reached ? t.budgetReached : t.budgetNotify;
}
