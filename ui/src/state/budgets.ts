/** What a budget does, in words. */
import type { Budget } from '../api/budgets';
import type { Status, Takeover } from '../api/types';
import { t } from '../i18n/index.svelte';
import { tokenOf } from './budget-form';

/** What it is called; a token's own limit after the token. */
export function titleOf(budget: Budget): string {
  const own = tokenOf(budget);
  return own ? t.budgetOwn(own) : budget.name;
}

/** Whose spending it bounds; empty where that is all, or the token that it is called after. */
export function scopeOf(budget: Budget): string {
  if (tokenOf(budget)) return '';
  const { token, group, provider } = budget;
  return [token && t.budgetToken(token), group && t.budgetGroup(group), provider && t.budgetProvider(provider)].filter(Boolean).join(' · ');
}

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

/** A budget that decides now where requests go, or that they go nowhere. */
export interface InForce {
  name: string;
  /** How it stands; null where that is not known, or it is gone. */
  budget: Budget | null;
  /** What it put in charge, if it did. */
  takeover: Takeover | null;
  /** It refuses requests. One that was set to do so after it chose a group does both. */
  refuses: boolean;
}

/** The budget that chose the active group, and those that refuse requests, each once; a token's own limit is its own affair. */
export function inForce({ takeover, budgets = [] }: Pick<Status, 'takeover' | 'budgets'>): InForce[] {
  const refuses = (budget: Budget | null) => budget?.state === 'blocked';
  const others = budgets.filter((budget) => budget.name !== takeover?.budget && refuses(budget) && tokenOf(budget) === null);
  const blocked = others.map((budget) => ({ name: budget.name, budget, takeover: null, refuses: true }));
  if (!takeover) return blocked;
  const budget = budgets.find(({ name }) => name === takeover.budget) ?? null;
  return [{ name: takeover.budget, budget, takeover, refuses: refuses(budget) }, ...blocked];
}
