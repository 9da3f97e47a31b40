/** Providers, their keys and groups. */
import type { providers as english } from '../en/providers';
import type { Same } from '../same';

export const providers: Same<typeof english> = {};
