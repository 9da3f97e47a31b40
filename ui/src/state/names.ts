/** What may be typed as a name or an address, told before it is sent. Pure. */

/** Whether the daemon takes it as the name of a provider or a group: it is a part of paths. */
export function isName(name: string): boolean {
  return !/[\s\p{Cc}/\\:?#%"'<>]/u.test(name) && name !== '.' && name !== '..';
}

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])(?=[:/?#]|$)/i;

/** Whether a part of it stands in a variable of the daemon's environment, whose value is not known here. */
function hasVariable(text: string): boolean {
  return text.includes('${');
}

/** An address with its scheme: without one, `http` for this computer and `https` for all others. A variable may hold it. */
export function withScheme(address: string): string {
  if (hasVariable(address)) return address.trim();
  const bare = address.trim().replace(/^\/\//, '');
  if (bare === '' || /^[a-z][a-z0-9+.-]*:\/\//i.test(bare)) return bare;
  return `${LOOPBACK.test(bare) ? 'http' : 'https'}://${bare}`;
}

/** Whether it can be an address of a provider; with a variable in it, only the daemon can tell. */
export function isAddress(address: string): boolean {
  if (hasVariable(address)) return true;
  if (/\s/.test(address.trim())) return false;
  try {
    const { protocol, host } = new URL(withScheme(address));
    return /^https?:$/.test(protocol) && host !== '';
  } catch {
    return false;
  }
}
