/** A budget put into the config's text, beside those that are there, comments and all. Pure. */

export interface NewBudget {
  name: string;
  /** US dollars, a decimal number as text. */
  limit: string;
  per: string;
  then: string;
}

export function withBudget(toml: string, budget: NewBudget): string {
  const fields = `name = ${quoted(budget.name)}, limit_usd = ${budget.limit}, per = ${quoted(budget.per)}, then = ${quoted(budget.then)}`;
  // A list in brackets, inside `[ledger]` or by its whole name, cannot be continued by tables: it gets one more entry.
  const list = /^([ \t]*(?:ledger\.)?budgets[ \t]*=[ \t]*\[)(\s*)/m.exec(toml);
  if (list) {
    const at = list.index + (list[1]?.length ?? 0);
    const empty = /^\s*\]/.test(toml.slice(at));
    return `${toml.slice(0, at)}{ ${fields} }${empty ? '' : ', '}${toml.slice(at).trimStart()}`;
  }
  const table = fields.replaceAll(', ', '\n');
  return `${toml.replace(/\s*$/, '\n')}\n[[ledger.budgets]]\n${table}\n`;
}

function quoted(text: string): string {
  return JSON.stringify(text);
}
