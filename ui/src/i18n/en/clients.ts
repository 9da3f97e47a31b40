/** Client programs and how they are pointed here. */
export const clients = {};
