/** Acting on what is shown, where the daemon may have something else by now: it is looked at again right before. */
import { t } from '../i18n/index.svelte';

/** What was to be acted on is no longer what was shown. */
export class Changed extends Error {
  constructor() {
    super(t.changedMeanwhile);
    this.name = 'Changed';
  }
}

/** Acts if a look still finds what was seen; throws `Changed` and does nothing if not. */
export async function asSeen<T, R>(seen: T, look: () => Promise<T>, act: () => Promise<R>): Promise<R> {
  const expected = JSON.stringify(seen);
  if (JSON.stringify(await look()) !== expected) throw new Changed();
  return act();
}

/** One act after another, however quickly they were asked for: none is answered before what was asked earlier. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve();

  take<R>(act: () => Promise<R>): Promise<R> {
    const turn = this.#last.then(act);
    this.#last = turn.catch(() => {});
    return turn;
  }
}
