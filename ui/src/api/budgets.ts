/** Limits of spending, with what of each is used up. Those of tokens are told among them. */
import { all } from './http';

export interface Budget {
  name: string;
  limit_usd: string;
  spent_usd: string;
  per: 'hour' | 'day' | 'week' | 'month';
  since: string;
  until: string;
  /** What was spent, as a share of the limit. */
  share: number;
  state: 'ok' | 'reached' | 'blocked';
  /** `notify`, `group:NAME` or `block`. */
  then: string;
  token?: string | null;
  group?: string | null;
  provider?: string | null;
}

export const budgets = () => all<Budget>('/budgets');
