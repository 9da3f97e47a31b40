/** Client programs and how they are pointed here. */
import type { clients as english } from '../en/clients';
import type { Same } from '../same';

export const clients: Same<typeof english> = {};
