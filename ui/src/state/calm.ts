/**
 * Runs something again and again, never beside itself: the pause begins when the last round has settled. What takes
 * longer than the pause is then still seen to its end, and a slow ledger is not asked ever more at once.
 */
export class Calm {
  #timer: ReturnType<typeof setTimeout> | undefined;
  #running = 0;
  #wanted = false;
  #over = false;

  constructor(
    private readonly run: () => Promise<unknown>,
    private readonly pauseMs: () => number,
  ) {}

  /** Begins a round at once, also beside one under way: for another question than that. */
  async now(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#wanted = false;
    this.#running += 1;
    try {
      await this.run();
    } catch {
      // Whoever asks tells what went wrong; the next round comes all the same.
    } finally {
      this.#running -= 1;
      if (this.#wanted) this.ask();
    }
  }

  /** Wants one more round: a pause from now, or from the end of the one under way. Wanted twice is wanted once. */
  ask(): void {
    if (this.#over) return;
    this.#wanted = true;
    if (this.#running > 0 || this.#timer !== undefined) return;
    this.#timer = setTimeout(() => void this.now(), this.pauseMs());
  }

  /** Begins no more rounds. */
  stop(): void {
    this.#over = true;
    this.#wanted = false;
    clearTimeout(this.#timer);
  }
}

/** A round now and one more a pause after each, until the returned function is called. */
export function again(run: () => Promise<unknown>, pauseMs: number): () => void {
  const calm = new Calm(async () => {
    await run().catch(() => {});
    calm.ask();
  }, () => pauseMs);
  void calm.now();
  return () => calm.stop();
}
