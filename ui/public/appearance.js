// Before the first paint, so that a dark window does not flash white. The choice is src/state/appearance's.
(() => {
  let theme = null;
  try {
    theme = localStorage.getItem('turnout.theme.config') ?? localStorage.getItem('turnout.theme');
  } catch {
    // nothing is kept here: as the system has it
  }
  const dark = theme === 'dark' || (theme !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches);
  document.documentElement.dataset.theme = dark ? 'dark' : 'light';
})();
