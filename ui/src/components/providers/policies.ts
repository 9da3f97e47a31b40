/** How a group chooses its next member, as choices. */
import { t } from '../../i18n/index.svelte';
import { POLICY_WORDS } from '../../state/words';

export function policies(): [value: string, text: string][] {
  return Object.entries(POLICY_WORDS).map(([value, word]) => [value, t[word].charAt(0).toUpperCase() + t[word].slice(1)]);
}
