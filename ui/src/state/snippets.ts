/** Lines that point a client here, in the language of the place they are put. Pure. */
export const PLACES = ['shell', 'fish', 'powershell', 'settings'] as const;
export type Place = (typeof PLACES)[number];

/** What no shell takes apart; the dots that stand for a token are only ever shown. */
const PLAIN = /^[\w@%+=:,./•-]+$/;

export function snippet(place: Place, env: Record<string, string>): string {
  const pairs = Object.entries(env);
  switch (place) {
    case 'shell':
      return pairs.map(([name, value]) => `export ${name}=${posix(value)}`).join('\n');
    case 'fish':
      return pairs.map(([name, value]) => `set -gx ${name} ${fish(value)}`).join('\n');
    case 'powershell':
      return pairs.map(([name, value]) => `$env:${name} = '${value.replaceAll("'", "''")}'`).join('\n');
    case 'settings':
      return JSON.stringify({ env }, null, 2);
  }
}

/** The same variables with the token replaced by dots, for showing. */
export function hideToken(env: Record<string, string>, token: string | null): Record<string, string> {
  if (!token) return env;
  return Object.fromEntries(Object.entries(env).map(([name, value]) => [name, value.replaceAll(token, dots())]));
}

/** Always as many dots, so that not even the length is told. */
export function dots(): string {
  return '•'.repeat(16);
}

function posix(value: string): string {
  return PLAIN.test(value) ? value : `'${value.replaceAll("'", `'\\''`)}'`;
}

function fish(value: string): string {
  return PLAIN.test(value) ? value : `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
