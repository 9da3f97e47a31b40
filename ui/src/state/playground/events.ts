/** Server-sent events out of the pieces in which a body arrives. Pure. */

export class EventReader {
  #rest = '';

  /** The data of every event that the piece completes. */
  read(piece: string): string[] {
    // A piece may end between \r and \n, so the last \r waits for what follows.
    const text = (this.#rest + piece).replace(/\r\n/g, '\n');
    const parts = text.split('\n\n');
    this.#rest = parts.pop() ?? '';
    return parts.map(data).filter((found) => found !== '');
  }

  /** What the end of the body completes: some leave the last blank line out. */
  end(): string[] {
    const last = data(this.#rest);
    this.#rest = '';
    return last === '' ? [] : [last];
  }
}

function data(event: string): string {
  const lines = event.split('\n').filter((line) => line.startsWith('data:'));
  return lines.map((line) => line.slice('data:'.length).replace(/^ /, '')).join('\n');
}
