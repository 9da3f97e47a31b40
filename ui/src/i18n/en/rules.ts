/** Routing rules. */
export const rules = {};
