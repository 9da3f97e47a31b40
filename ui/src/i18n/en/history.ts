/** The history and a request in full. */
export const history = {};
