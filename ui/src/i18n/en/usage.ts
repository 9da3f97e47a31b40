/** Usage and budgets. */
export const usage = {};
