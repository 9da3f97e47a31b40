/** Replacing the admin token, which ends every session: this window gets in again with the new one, and shows it once. */
import { accessApi } from '../api/access';
import { live } from './live.svelte';

class AdminToken {
  /** The new one, until it is put away. Kept here, as no look at another page may lose it. */
  made = $state<string | null>(null);
  /** Whether this window has a session again. */
  back = $state(false);

  async rotate(): Promise<void> {
    this.back = false;
    const { token } = await accessApi.rotateAdmin();
    this.made = token;
    this.back = await accessApi.enter(token);
    if (this.back) live.retry();
  }

  putAway(): void {
    this.made = null;
  }
}

export const adminToken = new AdminToken();
