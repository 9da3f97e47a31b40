/** The calls that every page shares. A page's own calls stand in a file of its own beside this one. */
import { all, BASE, get, part, post, put, query } from './http';
import type { Connect, Group, Key, List, Mode, Provider, RequestDetail, RequestRow, Status } from './types';

export { ApiError } from './http';

export interface RequestFilter {
  status?: string | undefined;
  provider?: string | undefined;
  /** Where an attempt failed, whoever answered in the end. */
  failed_provider?: string | undefined;
  model?: string | undefined;
  group?: string | undefined;
  client?: string | undefined;
  token?: string | undefined;
  session?: string | undefined;
  since?: string | undefined;
  until?: string | undefined;
  q?: string | undefined;
  cursor?: string | undefined;
  limit?: number | undefined;
}

export const api = {
  status: () => get<Status>('/status'),
  groups: () => all<Group>('/groups'),
  providers: () => all<Provider>('/providers'),
  keys: () => all<Key>('/keys'),
  requests: (filter: RequestFilter) => get<List<RequestRow>>(`/requests${query({ ...filter })}`),
  request: (id: string) => get<RequestDetail>(`/requests/${part(id)}`),
  connect: () => get<Connect>('/connect'),
  activate: (group: string) => post<Group>(`/groups/${part(group)}/activate`),
  pause: (group: string) => post<Group>(`/groups/${part(group)}/pause`),
  resume: (group: string) => post<Group>(`/groups/${part(group)}/resume`),
  setMode: (mode: Mode) => put<unknown>('/mode', { mode }),
  practiceOutage: (on: boolean) => post<unknown>('/practice/outage', { on }),
};

export type Api = typeof api;

export const STREAM_URL = `${BASE}/stream?events=status,provider,group,request,notice`;
