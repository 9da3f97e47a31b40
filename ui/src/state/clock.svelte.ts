/** The present, once a second while someone looks at it. One timer for all countdowns. */
import { createSubscriber } from 'svelte/reactivity';

class Now {
  #subscribe = createSubscriber((update) => {
    const timer = setInterval(update, 1000);
    return () => clearInterval(timer);
  });

  /** Unix milliseconds; whoever reads it in an effect or a template is run again each second. */
  get ms(): number {
    this.#subscribe();
    return Date.now();
  }
}

export const now = new Now();
