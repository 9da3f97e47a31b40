/** Captured bodies made readable: JSON indented, a stream as its events. Pure. */
import type { Body } from '../api/history';

export interface SseEvent {
  name: string;
  /** Indented where it is JSON. */
  data: string;
  /** One line of it. */
  brief: string;
}

export type Reading = { kind: 'json' | 'text'; text: string } | { kind: 'events'; events: SseEvent[]; said: string };

const BRIEF = 120;

export function reading(text: string, contentType: string | null | undefined): Reading {
  if (/event-stream/.test(contentType ?? '') || /^(event|data):/.test(text)) {
    const events = text.split(/\r?\n\r?\n/).flatMap((frame) => event(frame) ?? []);
    if (events.length) return { kind: 'events', events, said: said(events) };
  }
  const json = indented(text);
  return json === null ? { kind: 'text', text } : { kind: 'json', text: json };
}

function event(frame: string): SseEvent | null {
  const lines = frame.split(/\r?\n/);
  const of = (field: string) => lines.filter((line) => line.startsWith(`${field}:`)).map((line) => line.slice(field.length + 1).replace(/^ /, ''));
  const data = of('data').join('\n');
  const name = of('event')[0] ?? '';
  if (!data && !name) return null;
  return { name: name || typeOf(data) || 'data', data: indented(data) ?? data, brief: data.slice(0, BRIEF) };
}

function typeOf(data: string): string {
  return /^\{"type":"([\w.]+)"/.exec(data)?.[1] ?? '';
}

/** The text that a stream comes to, in whichever of the dialects it is. */
function said(events: readonly SseEvent[]): string {
  return events.map(({ data }) => delta(data)).join('');
}

interface Delta {
  type?: string;
  delta?: { text?: string } | string;
  choices?: { delta?: { content?: string | null } }[];
  candidates?: { content?: { parts?: { text?: string; thought?: boolean }[] } }[];
}

function delta(data: string): string {
  let value: Delta;
  try {
    value = JSON.parse(data) as Delta;
  } catch {
    return '';
  }
  if (typeof value.delta === 'string') return value.type === 'response.output_text.delta' ? value.delta : '';
  if (typeof value.delta?.text === 'string') return value.delta.text;
  if (value.choices) return value.choices[0]?.delta?.content ?? '';
  const parts = value.candidates?.[0]?.content?.parts ?? [];
  return parts.map((part) => (part.thought ? '' : (part.text ?? ''))).join('');
}

export function indented(text: string): string | null {
  if (!/^\s*[[{]/.test(text)) return null;
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return null;
  }
}

/** A body with its text, which stands with another where both are the same. */
export function textOf(body: Body, all: readonly Body[]): string | null {
  if (body.same_as === null || body.same_as === undefined) return body.text ?? null;
  return all.find((other) => other.attempt === body.same_as && other.part === body.part)?.text ?? body.text ?? null;
}
