/** Providers, their keys and groups. */
export const providers = {};
