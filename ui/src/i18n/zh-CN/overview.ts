/** The overview. */
import type { overview as english } from '../en/overview';
import type { Same } from '../same';

export const overview: Same<typeof english> = {};
