/** The first run. */
import type { start as english } from '../en/start';
import type { Same } from '../same';

export const start: Same<typeof english> = {};
