/** Notices fetched and notices that came live, as one list. Pure. */
import type { Notice } from '../api/types';

/** The newest first, each once. A daemon that was started anew counts anew, so the number alone tells none apart. */
export function joined(past: readonly Notice[], came: readonly Notice[]): Notice[] {
  const found = new Map([...past, ...came].map((notice) => [`${notice.at} ${notice.title}`, notice]));
  return [...found.values()].sort((a, b) => Date.parse(b.at) - Date.parse(a.at) || (b.id ?? 0) - (a.id ?? 0));
}
