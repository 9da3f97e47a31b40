/** A budget as a form's fields, and as it stands in the config. Pure. */

/** As the config has it; what is not known here stays as it is. */
export interface WrittenBudget {
  name: string;
  limit_usd: number;
  per?: string;
  then?: string;
  token?: string;
  group?: string;
  provider?: string;
  [more: string]: unknown;
}

export const SCOPE_KINDS = ['token', 'group', 'provider'] as const;

export interface BudgetForm {
  name: string;
  /** US dollars. */
  limit: string;
  per: string;
  then: string;
  /** What counts: empty for all, else a kind and a name such as `group:main`. */
  scope: string;
}

export function asBudgetForm(budget: WrittenBudget | null): BudgetForm {
  const kind = SCOPE_KINDS.find((kind) => budget?.[kind]);
  return {
    name: budget?.name ?? '',
    limit: budget ? String(budget.limit_usd) : '',
    per: budget?.per ?? 'day',
    then: budget?.then ?? 'notify',
    scope: kind ? `${kind}:${budget?.[kind]}` : '',
  };
}

/** What is written for the form over what stood there; null while it cannot be right. */
export function asWritten(form: BudgetForm, before: WrittenBudget | null): WrittenBudget | null {
  const limit = form.limit.trim();
  if (!form.name.trim() || !/^\d+(\.\d+)?$/.test(limit) || Number(limit) === 0) return null;
  const budget: WrittenBudget = { ...before, name: form.name.trim(), limit_usd: Number(limit), per: form.per, then: form.then };
  const [kind, name] = [form.scope.split(':')[0], form.scope.slice(form.scope.indexOf(':') + 1)];
  // Narrower bounds than the form knows, such as a token at a provider, are kept while nobody chose another.
  if (form.scope !== asBudgetForm(before).scope) for (const one of SCOPE_KINDS) delete budget[one];
  if (form.scope && kind) budget[kind] = name;
  return budget;
}

const OF_TOKEN = 'of token ';

/** The same by the budget's name alone. */
export function tokenNamed(name: string): string | null {
  return name.startsWith(OF_TOKEN) ? name.slice(OF_TOKEN.length) : null;
}

/** The token whose own limit a budget is: it stands with the token, and no budget can have such a name. */
export function tokenOf({ name, token }: { name: string; token?: string | null }): string | null {
  return token && tokenNamed(name) === token ? token : null;
}
