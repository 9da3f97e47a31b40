/** Whether there is a keychain to put keys into: the daemon says so when one is sent, or before as a problem. */
import { ApiError } from '../api/client';
import { live } from './live.svelte';

class Keychain {
  #refused = $state(false);

  get missing(): boolean {
    return this.#refused || Boolean(live.status?.problems?.some((problem) => problem.kind === 'keychain'));
  }

  /** Takes note of a failure that tells it. */
  heard(cause: unknown): void {
    if (cause instanceof ApiError && cause.code === 'no_keychain') this.#refused = true;
  }
}

export const keychain = new Keychain();
