/** Client programs on this machine, and how they are pointed here. */
import { all, part, post } from './http';

export interface ClientProgram {
  id: string;
  name: string;
  installed: boolean;
  /** Its program, where it is on the path. */
  program?: string | null;
  version?: string | null;
  /** The files of its settings, there or not. */
  files: string[];
  /** Where its settings point it; null is its vendor. */
  points_at?: string | null;
  /** Whether that is this Turnout. */
  connected: boolean;
  /** What stood there before is remembered, so that disconnecting puts it back. */
  remembered: boolean;
  /** Why its settings cannot be read, where they cannot. */
  problem?: string | null;
  /** Why it pays no heed to its settings, though they can be read: it does not call where they point. */
  ignored?: string | null;
  can_connect?: boolean;
  can_disconnect?: boolean;
  /** Requests of it under way now. */
  running?: number;
  last_request_at?: string | null;
}

export interface ChangedFile {
  path: string;
  keys: string[];
  diff?: string;
}

/** What was changed in a client's settings, or would be. Holds no secret. */
export interface Outcome {
  id: string;
  name: string;
  changes: boolean;
  written: boolean;
  diff: string;
  files: ChangedFile[];
  notes: string[];
}

export interface ConnectWish {
  /** Nothing is written; the answer tells what would be. */
  dry_run?: boolean;
  /** The client keeps its own login, and the client token travels beside it. */
  own_login?: boolean;
}

export const clientsApi = {
  list: () => all<ClientProgram>('/clients'),
  connect: (id: string, wish: ConnectWish) => post<Outcome>(`/clients/${part(id)}/connect`, wish),
  disconnect: (id: string, wish: ConnectWish) => post<Outcome>(`/clients/${part(id)}/disconnect`, wish),
};
