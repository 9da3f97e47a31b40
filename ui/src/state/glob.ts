/** Patterns over names as the daemon reads them: `*`, `?`, `[ab]`, `{a,b}`, without regard to case. Pure. */

/** What it fits; null where it is no valid pattern and stands for itself. */
function expression(pattern: string): RegExp | null {
  let source = '';
  let depth = 0;
  for (let at = 0; at < pattern.length; at += 1) {
    const letter = pattern[at] as string;
    if (letter === '*') source += '.*';
    else if (letter === '?') source += '.';
    else if (letter === '[') {
      const end = pattern.indexOf(']', at + 2);
      if (end < 0) return null;
      source += `[${pattern.slice(at + 1, end).replace(/^!/, '^').replaceAll('\\', '\\\\')}]`;
      at = end;
    } else if (letter === '{') [source, depth] = [`${source}(?:`, depth + 1];
    else if (letter === '}' && depth > 0) [source, depth] = [`${source})`, depth - 1];
    else if (letter === ',' && depth > 0) source += '|';
    else source += letter.replace(/[\\^$.+()|\]}]/, '\\$&');
  }
  try {
    return depth === 0 ? new RegExp(`^${source}$`, 'is') : null;
  } catch {
    return null;
  }
}

/** A model's name without the suffix that asks for a long context. */
const base = (name: string) => name.replace(/\[1m\]$/i, '');

/** Whether a pattern over models fits a name as a client writes it. */
export function fitsModel(pattern: string, name: string): boolean {
  const long = base(pattern) !== pattern;
  if (long && base(name) === name) return false;
  const found = expression(base(pattern));
  return found ? found.test(base(name)) : base(pattern).toLowerCase() === base(name).toLowerCase();
}

/** A pattern that fits some of these names where this one fits none, such as `*haiku*` for `haiku`; null if none does. */
export function widened(pattern: string, names: readonly string[]): string | null {
  const wider = `*${pattern.replace(/^\*+|\*+$/g, '')}*`;
  return wider !== pattern && names.some((name) => fitsModel(wider, name)) ? wider : null;
}
