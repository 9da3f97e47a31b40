/** The history and a request in full. */
import type { history as english } from '../en/history';
import type { Same } from '../same';

export const history: Same<typeof english> = {};
