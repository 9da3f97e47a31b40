/** The first run. */
export const start = {
  startTitle: 'First steps',
  startAgain: 'Show them again',
};
