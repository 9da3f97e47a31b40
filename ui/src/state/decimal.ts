/** Exact sums of money: decimal strings become whole numbers of 10^-12 dollars, the finest the daemon tells, and back. */

const PLACES = 12;
/** One dollar. */
export const ONE = 10n ** BigInt(PLACES);

/** A decimal string as a whole number; 0 for none and for what is not a decimal. */
export function units(value: string | null | undefined): bigint {
  const found = /^(-?)(\d+)(?:\.(\d+))?$/.exec(value?.trim() ?? '');
  if (!found) return 0n;
  const [, sign, whole = '0', fraction = ''] = found;
  const amount = BigInt(whole + fraction.slice(0, PLACES).padEnd(PLACES, '0'));
  return sign ? -amount : amount;
}

/** An amount as a number, to set it beside another; null where there is none, which is not nothing. */
export function amount(value: string | null | undefined): number | null {
  return value ? Number(units(value)) : null;
}

/** The decimal string of a whole number, without trailing zeros. */
export function decimal(amount: bigint): string {
  const digits = (amount < 0n ? -amount : amount).toString().padStart(PLACES + 1, '0');
  const fraction = digits.slice(-PLACES).replace(/0+$/, '');
  return `${amount < 0n ? '-' : ''}${digits.slice(0, -PLACES)}${fraction ? `.${fraction}` : ''}`;
}

/** How much one amount is of another, for a bar or a percentage; 0 of nothing. */
export function share(part: bigint, whole: bigint): number {
  return whole === 0n ? 0 : Number((part * 100_000n) / whole) / 100_000;
}
