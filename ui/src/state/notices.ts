/** Notices: those fetched and those that came live as one list, and what they say. */
import type { Notice, SpentBudget } from '../api/types';
import { i18n, t } from '../i18n/index.svelte';
import { tokenNamed } from './budget-form';
import { money, percent, when } from './format';

/** The newest first, each once. A daemon that was started anew counts anew, so the number alone tells none apart. */
export function joined(past: readonly Notice[], came: readonly Notice[]): Notice[] {
  const found = new Map([...past, ...came].map((notice) => [`${notice.at} ${notice.title}`, notice]));
  return [...found.values()].sort((a, b) => Date.parse(b.at) - Date.parse(a.at) || (b.id ?? 0) - (a.id ?? 0));
}

export interface Sentence {
  title: string;
  /** Empty where the title says it all. */
  body: string;
}

/** What a notice says in the window's language: made of its facts, and in the daemon's words where those are not enough. */
export function sentence(notice: Notice, now = Date.now()): Sentence {
  const told = ofFacts(notice, now) ?? ofDaemon(notice);
  return notice.more ? { ...told, body: [told.body, t.happenedMore(notice.more)].filter(Boolean).join(' ') } : told;
}

function ofFacts({ kind, provider, group, to, reason, cost_usd, key, budget }: Notice, now: number): Sentence | null {
  switch (kind) {
    case 'failover': {
      if (!provider || !to || !reason) return null;
      const parts = [t.noticeMoved(provider, to, group ?? ''), t.noticeBecause(provider, i18n.word('because_', reason))];
      const cost = cost_usd ? t.noticeCacheCost(money(cost_usd, i18n.locale)) : '';
      return { title: t.noticeSwitched(to), body: parts.join('') + cost };
    }
    case 'recovery':
      return provider ? { title: t.noticeRecovery(provider), body: '' } : null;
    case 'all-down':
      return { title: t.stateDown, body: t.noticeDown };
    case 'auth':
      // Null: it has one credential only.
      return provider && key !== undefined ? { title: t.noticeAuth(provider), body: key === null ? t.noticeAuthOnly : t.noticeAuthKey(key) } : null;
    case 'budget':
      return budget ? { title: mark(budget), body: spent(budget, group ?? '', now) } : null;
    default:
      return null;
  }
}

function mark({ name, share }: SpentBudget): string {
  const own = tokenNamed(name);
  return t.noticeMark(own ? t.budgetOwn(own) : t.noticeBudgetCalled(name), percent(share, i18n.locale));
}

function spent(budget: SpentBudget, group: string, now: number): string {
  const amounts = t.noticeSpent(money(budget.spent_usd, i18n.locale), money(budget.limit_usd, i18n.locale));
  switch (budget.done) {
    case 'refused':
      return amounts + (budget.until ? t.noticeRefusedUntil(time(budget.until, now)) : t.noticeRefused);
    case 'chosen':
      return amounts + t.noticeChosen(group);
    case 'not_chosen':
      return amounts + t.noticeNotChosen(group, budget.why ?? '');
    default:
      return amounts;
  }
}

/** A time, or what is told in its place as it is. */
function time(text: string, now: number): string {
  return Number.isNaN(Date.parse(text)) ? text : when(text, now, i18n.locale);
}

/** The daemon's own words; its title by the kind alone where it speaks another language than the window. */
function ofDaemon({ kind, title, body, provider, group }: Notice): Sentence {
  const more = body === title ? '' : body;
  if (!i18n.foreign(title)) return { title, body: more };
  switch (kind) {
    case 'failover':
      return { title: t.noticeFailover(provider ?? '', group ?? ''), body: more };
    case 'auth':
      return { title: t.noticeAuth(provider ?? ''), body: more };
    case 'budget':
      return { title: t.noticeBudget, body: more };
    default:
      return { title, body: more };
  }
}
