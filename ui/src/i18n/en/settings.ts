/** Settings, tokens, prices, audit. */
export const settings = {};
