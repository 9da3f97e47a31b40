/** Notices: those fetched and those that came live as one list, and what they are called. */
import type { Notice } from '../api/types';
import { i18n, t } from '../i18n/index.svelte';

/** The newest first, each once. A daemon that was started anew counts anew, so the number alone tells none apart. */
export function joined(past: readonly Notice[], came: readonly Notice[]): Notice[] {
  const found = new Map([...past, ...came].map((notice) => [`${notice.at} ${notice.title}`, notice]));
  return [...found.values()].sort((a, b) => Date.parse(b.at) - Date.parse(a.at) || (b.id ?? 0) - (a.id ?? 0));
}

/** The daemon's sentence, where it says more than the title. */
export function detail({ kind, title, body }: Notice): string {
  return body === title || (kind === 'recovery' && i18n.foreign(title)) ? '' : body;
}

/** The daemon's title; one by its kind where the daemon speaks another language than the window. */
export function titled({ kind, title, provider, group }: Notice): string {
  if (!i18n.foreign(title)) return title;
  switch (kind) {
    case 'failover':
      return t.noticeFailover(provider ?? '', group ?? '');
    case 'recovery':
      return t.noticeRecovery(provider ?? '');
    case 'auth':
      return t.noticeAuth(provider ?? '');
    case 'all-down':
      return t.stateDown;
    case 'budget':
      return t.noticeBudget;
    default:
      return title;
  }
}
