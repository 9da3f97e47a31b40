/** Routing rules. */
import type { rules as english } from '../en/rules';
import type { Same } from '../same';

export const rules: Same<typeof english> = {};
