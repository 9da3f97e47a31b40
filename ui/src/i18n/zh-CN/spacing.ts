/** A space behind what ends in a Latin letter, a digit or the like; `code` in backticks has room of its own. */
export function gap(text: string): string {
  return /[!-_a-~]$/.test(text) ? `${text} ` : text;
}
