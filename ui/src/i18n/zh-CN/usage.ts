/** Usage and budgets. */
import type { usage as english } from '../en/usage';
import type { Same } from '../same';

export const usage: Same<typeof english> = {};
