/** The program's log. */
export const logs = {};
