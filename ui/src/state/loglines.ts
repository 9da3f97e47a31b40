/** Lines of the log: which fit a filter, how they join, what they say as text. Pure. */
import { LEVELS, type Level, type LogLine } from '../api/logs';

export interface LogFilter {
  /** The least level; empty for all. */
  level: string;
  /** Text in the line, without regard to case. */
  q: string;
  provider: string;
  /** A request's id, or the beginning of it. */
  request: string;
}

export const NO_LOG_FILTER: LogFilter = { level: '', q: '', provider: '', request: '' };
/** Lines that the page holds; the oldest go first. */
export const HELD = 5000;
const REQUEST = 'request_id';

/** A test for lines under a filter, made once for many lines. */
export function fits(filter: LogFilter): (line: LogLine) => boolean {
  const rank = LEVELS.indexOf(filter.level as Level);
  const needle = filter.q.trim().toLowerCase();
  const named = filter.provider ? mentions(filter.provider) : null;
  return (line) =>
    (rank < 0 || LEVELS.indexOf(line.level) <= rank) &&
    (!filter.request || (requestOf(line)?.startsWith(filter.request) ?? false)) &&
    (!named || named(line)) &&
    (!needle || textOf(line).toLowerCase().includes(needle));
}

/** A line is about a provider when a fact of it says so, or when its sentence names it. */
function mentions(provider: string): (line: LogLine) => boolean {
  const name = provider.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const word = new RegExp(`(^|[^\\w-])${name}($|[^\\w-])`);
  return ({ fields, message }) => fields.provider === provider || word.test(message);
}

/** The request that a line belongs to. */
export function requestOf(line: LogLine): string | null {
  const id = line.fields[REQUEST];
  return typeof id === 'string' && id ? id : null;
}

/** The facts beside the sentence, but for the request, which has a place of its own. */
export function factsOf(line: LogLine): [name: string, value: string][] {
  return Object.entries(line.fields).flatMap(([name, value]) =>
    name === REQUEST || value === null || value === undefined ? [] : [[name, plain(value)]],
  );
}

function plain(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** One line as one would paste it: time, level, where, sentence, facts. */
export function textOf(line: LogLine): string {
  const facts = Object.entries(line.fields)
    .filter(([, value]) => value !== null && value !== undefined)
    .map(([name, value]) => `${name}=${/\s/.test(plain(value)) ? JSON.stringify(value) : plain(value)}`);
  return [line.at, line.level.toUpperCase().padEnd(5), `${line.target}:`, line.message, ...facts].join(' ');
}

/** The time of day to the millisecond, in the person's time zone. */
export function stamp(at: string): string {
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return at;
  const two = (value: number) => String(value).padStart(2, '0');
  const clock = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':');
  return `${clock}.${String(date.getMilliseconds()).padStart(3, '0')}`;
}

/** The part of the program in few letters: `gateway::attempt::relay` is `gateway::attempt`. */
export function place(target: string): string {
  return target.split('::').slice(0, 2).join('::');
}

/** Appends lines that came live to those held, each once and in order. */
export function append(held: readonly LogLine[], came: readonly LogLine[]): LogLine[] {
  const last = held.at(-1)?.id ?? 0;
  const next = came.filter((line) => line.id > last);
  return [...held, ...next].slice(-HELD);
}

/**
 * What the daemon keeps (the newest first) beneath what is held from before that it no longer keeps. A daemon that
 * was started anew counts from one again: then nothing from before comes before its first line.
 */
export function rejoin(held: readonly LogLine[], kept: readonly LogLine[]): LogLine[] {
  const lines = [...kept].reverse();
  const first = lines[0];
  const same = first && held.some((line) => line.id === first.id && line.at === first.at);
  const before = same ? held.filter((line) => line.id < first.id) : [];
  return [...before, ...lines].slice(-HELD);
}

/** A text in parts, every other of which is what was searched for. */
export function parts(text: string, q: string): string[] {
  const needle = q.trim();
  if (!needle) return [text];
  return text.split(new RegExp(`(${needle.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')})`, 'i'));
}
