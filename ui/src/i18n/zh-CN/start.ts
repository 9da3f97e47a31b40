/** The first run. */
import type { start as english } from '../en/start';
import type { Same } from '../same';

export const start: Same<typeof english> = {
  startTitle: '快速上手',
  startAgain: '再次显示',
};
