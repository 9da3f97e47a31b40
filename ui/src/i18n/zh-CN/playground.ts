/** The playground. */
import type { playground as english } from '../en/playground';
import type { Same } from '../same';

export const playground: Same<typeof english> = {};
