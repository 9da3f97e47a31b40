/** The calls of the rules' page. */
import { all, del, get, part, post, put, query } from './http';
import type { Candidate, List, RequestDetail, RequestRow } from './types';

/** A fact's value as the config has it: a word, a list of words, a number or yes and no. */
export type FactValue = string | readonly string[] | number | boolean;

export interface Rule {
  name: string;
  enabled: boolean;
  /** Facts that must all hold. */
  when: Readonly<Record<string, FactValue>>;
  use: Readonly<Record<string, string | number>>;
}

/** A request that is only thought of. */
export interface Question {
  path: string;
  headers: Readonly<Record<string, string>>;
  body: unknown;
  /** Name of the client token that it would present. */
  token?: string | undefined;
}

export interface Explanation {
  rule: string | null;
  group: string | null;
  candidates: Candidate[];
}

interface Captured {
  /** 0 is the client's side. */
  attempt: number;
  part: 'request' | 'answer';
  cut: boolean;
  text?: string | null;
}

const at = (rule: string) => `/rules/${part(rule)}`;

export const rulesApi = {
  list: () => all<Rule>('/rules'),
  add: (rule: Rule) => post<Rule>('/rules', rule),
  change: (name: string, fields: Partial<Rule>) => put<Rule>(at(name), fields),
  remove: (name: string) => del(at(name)),
  order: (order: readonly string[]) => put<List<Rule>>('/rules', { order }),
  /** Names of the models that clients can ask for. */
  models: () => all<{ id: string }>('/models').then((models) => models.map((model) => model.id)),
  explain: (question: Question) => post<Explanation>('/rules/explain', question),
  recent: () => get<List<RequestRow>>(`/requests${query({ limit: 30 })}`).then((page) => page.items),
  request: (id: string) => get<RequestDetail>(`/requests/${part(id)}`),
  /** What the client sent, where all of it was captured. */
  sent: async (id: string): Promise<string | null> => {
    const bodies = await all<Captured>(`/requests/${part(id)}/bodies`);
    return bodies.find((one) => one.attempt === 0 && one.part === 'request' && !one.cut)?.text ?? null;
  },
};
