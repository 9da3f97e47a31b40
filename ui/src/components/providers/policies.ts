/** How a group chooses its next member, in words. */
import { t } from '../../i18n/index.svelte';

export function policies(): [value: string, text: string][] {
  return [
    ['priority', t.policyPriority],
    ['weighted', t.policyWeighted],
    ['round-robin', t.policyRoundRobin],
    ['least-busy', t.policyLeastBusy],
    ['fastest', t.policyFastest],
    ['cheapest', t.policyCheapest],
  ].map(([value = '', text = '']) => [value, text.charAt(0).toUpperCase() + text.slice(1)]);
}
