/** The first run. */
export const start = {};
