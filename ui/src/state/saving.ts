/** A file that the page writes: to the disk piece by piece where the browser can, else held here and given at the end. */
import type { Sink } from './export';

interface Writing {
  write: (text: string) => Promise<void>;
  close: () => Promise<void>;
  abort: () => Promise<void>;
}

type Picker = (wish: { suggestedName: string }) => Promise<{ createWritable: () => Promise<Writing> }>;

export interface Saving extends Sink {
  /** The file is whole. */
  done: () => Promise<void>;
  /** It is not wanted any more, or could not be made whole. */
  drop: () => Promise<void>;
}

/** Requests that are held at most, some 100 MB. */
export const HELD = 100_000;
/** How long the browser may take to fetch what was held. */
const FETCHED_MS = 60_000;

/** Where a file goes; null when the person thinks better of it. Call it while a press is handled: only then may it ask. */
export async function saving(name: string, media: string): Promise<Saving | null> {
  const picker = (globalThis as { showSaveFilePicker?: Picker }).showSaveFilePicker;
  if (!picker) return held(name, media);
  try {
    const file = await (await picker({ suggestedName: name })).createWritable();
    return { write: (text) => file.write(text), done: () => file.close(), drop: () => file.abort() };
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === 'AbortError') return null;
    // Where asking is not allowed, the file is given as any other.
    return held(name, media);
  }
}

function held(name: string, media: string): Saving {
  let pieces: string[] = [];
  return {
    most: HELD,
    write: async (text) => void pieces.push(text),
    drop: async () => void (pieces = []),
    done: async () => {
      const link = document.createElement('a');
      link.href = URL.createObjectURL(new Blob(pieces, { type: media }));
      link.download = name;
      link.click();
      pieces = [];
      setTimeout(() => URL.revokeObjectURL(link.href), FETCHED_MS);
    },
  };
}
