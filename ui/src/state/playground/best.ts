/** Which of several answers was quickest to start, quickest to write, cheapest. Pure. */
import { units } from '../decimal';
import type { Measures } from './run.svelte';

export type Medal = 'ttft' | 'speed' | 'cost';

/** The medals of each; none where fewer than two can be compared, and none for all where they are level. */
export function medals(all: readonly Measures[]): Medal[][] {
  const won: Medal[][] = all.map(() => []);
  const award = (medal: Medal, values: readonly (number | bigint | null)[], better: (a: number | bigint, b: number | bigint) => boolean) => {
    const known = values.filter((value) => value !== null);
    const best = known.reduce<number | bigint | null>((top, value) => (top === null || better(value, top) ? value : top), null);
    if (known.length < 2 || best === null || known.every((value) => value === best)) return;
    values.forEach((value, index) => value === best && won[index]?.push(medal));
  };
  award('ttft', all.map((one) => one.ttftMs), (a, b) => a < b);
  award('speed', all.map((one) => one.tokensPerSecond), (a, b) => a > b);
  award('cost', all.map((one) => (one.cost === null ? null : units(one.cost))), (a, b) => a < b);
  return won;
}
