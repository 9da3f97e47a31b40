/** Entries of the audit log in words. Pure. */
import type { AuditEntry } from '../api/access';

/** Tables of the config whose entries have names. */
const NAMED = ['server.client_tokens.', 'providers.', 'groups.', 'rules.'];
/** More than these are only counted. */
const FEW = 3;

/** What it was about: what the call named, else what it changed. */
export function subject({ target, changes }: Pick<AuditEntry, 'target' | 'changes'>): string {
  if (target) return target;
  const names = changes.slice(0, FEW).map(({ key }) => key.slice(NAMED.find((table) => key.startsWith(table))?.length ?? 0));
  return changes.length > FEW ? `${names.join(', ')} …` : names.join(', ');
}

/** Who did it: a word, and for a token or a budget its name. */
export function actorOf(actor: string): { word: string; name: string } {
  const [, word = actor, name = ''] = /^(token|budget) (.+)$/.exec(actor) ?? [];
  return { word, name };
}
