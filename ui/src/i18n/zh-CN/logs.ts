/** The program's log. */
import type { logs as english } from '../en/logs';
import type { Same } from '../same';

export const logs: Same<typeof english> = {};
