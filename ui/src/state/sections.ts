/** The sections of the settings, as the address names them. */
export const SECTIONS = ['general', 'server', 'routing', 'history', 'budgets', 'prices', 'tokens', 'audit', 'import', 'config', 'about'] as const;
export type Section = (typeof SECTIONS)[number];
