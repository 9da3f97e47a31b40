/** The client programs of this machine, kept true while files change underneath and calls come in. */
import { clientsApi, type ClientProgram, type Outcome } from '../api/clients';
import type { RequestRow } from '../api/types';
import { live } from './live.svelte';
import { Resource } from './resource.svelte';

/** Settings of client programs are read again this often while someone looks at them, in milliseconds. */
const LOOK_MS = 10_000;
/** The same while a file is to be mended by hand. */
const MENDED_MS = 2_000;

/** The last request of a program; its id is unknown where it was before this page was opened. */
export interface Call {
  at: string;
  id: string | null;
}

class Programs extends Resource<ClientProgram[]> {
  #heard = $state.raw<ReadonlyMap<string, RequestRow>>(new Map());

  constructor() {
    super(clientsApi.list);
  }

  /** Loads now, and again when the line comes back, the window gets the focus, or time has passed. Call it in an effect. */
  watch(): () => void {
    void live.generation;
    void this.load();
    let last = Date.now();
    const look = () => {
      if (document.visibilityState !== 'visible') return;
      last = Date.now();
      void this.load();
    };
    const isDue = () => Date.now() - last >= (this.value?.some(isToMend) ? MENDED_MS : LOOK_MS);
    const timer = setInterval(() => isDue() && look(), MENDED_MS);
    addEventListener('focus', look);
    document.addEventListener('visibilitychange', look);
    const silence = live.onRequest((row) => row.client && (this.#heard = new Map(this.#heard).set(row.client, row)));
    return () => {
      clearInterval(timer);
      removeEventListener('focus', look);
      document.removeEventListener('visibilitychange', look);
      silence();
    };
  }

  call(program: Pick<ClientProgram, 'id' | 'last_request_at'>): Call | null {
    const row = this.#heard.get(program.id) ?? live.recent?.find((recent) => recent.client === program.id);
    return lastCall(program, row);
  }
}

/** Which is later: what the daemon said when it was asked, or what was seen since. */
export function lastCall(program: Pick<ClientProgram, 'last_request_at'>, row: RequestRow | undefined): Call | null {
  const told = program.last_request_at;
  if (row && (!told || Date.parse(row.started_at) >= Date.parse(told))) return { at: row.started_at, id: row.id };
  return told ? { at: told, id: null } : null;
}

export type Standing = 'here' | 'ignored' | 'elsewhere' | 'vendor' | 'absent' | 'broken';

/** How a program stands, in one word. */
export function standing(program: ClientProgram): Standing {
  if (program.problem) return 'broken';
  if (program.connected) return program.ignored ? 'ignored' : 'here';
  if (!program.installed) return 'absent';
  return program.points_at ? 'elsewhere' : 'vendor';
}

/** Its file needs a person's hand. */
function isToMend(program: ClientProgram): boolean {
  return ['ignored', 'broken'].includes(standing(program));
}

/** Where a program calls once this is written: the address that is put back; null for its vendor's own. */
export function backTo({ diff, files }: Pick<Outcome, 'diff' | 'files'>): string | null {
  const lines = [diff, ...files.map((file) => file.diff ?? '')].join('\n').split('\n');
  const [, address] = lines.map((line) => /^\+(?!\+\+).*?(https?:\/\/[^\s"'`]+)/.exec(line)).find(Boolean) ?? [];
  return address ?? null;
}

export const programs = new Programs();
