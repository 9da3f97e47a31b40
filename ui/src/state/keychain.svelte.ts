/** Whether there is a keychain to put keys into: the daemon tells it when asked, when one is sent, or as a problem. */
import { ApiError } from '../api/client';
import { providersApi } from '../api/providers';
import { live } from './live.svelte';

class Keychain {
  #refused = $state(false);

  get missing(): boolean {
    return this.#refused || Boolean(live.status?.problems?.some((problem) => problem.kind === 'keychain'));
  }

  /** Asks before a key is typed. Without an answer a refusal will tell it. */
  async look(): Promise<void> {
    try {
      this.#refused = !(await providersApi.keychain()).available;
    } catch {
      // a key that is sent will tell
    }
  }

  /** Takes note of a failure that tells it. */
  heard(cause: unknown): void {
    if (cause instanceof ApiError && cause.code === 'no_keychain') this.#refused = true;
  }
}

export const keychain = new Keychain();
