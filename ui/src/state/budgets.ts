/** What a budget does, in words. */
import type { Budget } from '../api/budgets';
import type { Notice } from '../api/types';
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
  budget: Budget;
  /** The group that it put in charge; null where it refuses requests. */
  group: string | null;
  /** When it did, as far as that is remembered. */
  since: string | null;
  /** The group that was active before, as far as that is known. */
  back: string | null;
}

/** Budgets whose limit is reached and that did something about it which still stands; a token's own limit is its own affair. */
export function inForce(budgets: readonly Budget[], active: string | null | undefined, groups: readonly string[], notices: readonly Notice[]): InForce[] {
  return budgets.flatMap((budget): InForce[] => {
    if (tokenOf(budget)) return [];
    if (budget.state === 'blocked') return [{ budget, group: null, since: null, back: null }];
    if (budget.state !== 'reached' || !active || budget.then !== `group:${active}`) return [];
    const told = notices.find((one) => one.kind === 'budget' && one.group === active && (!one.budget || one.budget.name === budget.name));
    const others = groups.filter((name) => name !== active);
    const back = told?.budget?.from ?? (others.length === 1 ? others[0] : null);
    return [{ budget, group: active, since: told?.at ?? null, back: back && others.includes(back) ? back : null }];
  });
}
