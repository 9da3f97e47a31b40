/** A setting's value as a person writes it, and whether it can be right. The daemon has the last word. Pure. */
import type { Setting, SettingValue } from '../api/settings';

export function asText(value: SettingValue): string {
  if (value === null) return '';
  return Array.isArray(value) ? value.join('\n') : String(value);
}

/** What is sent for a text; undefined when it cannot be right. Nothing written means the default. */
export function fromText(setting: Pick<Setting, 'type'>, text: string): SettingValue | undefined {
  const trimmed = text.trim();
  if (setting.type === 'strings') return entries(text);
  if (setting.type === 'list') return entries(text).map((entry) => (/^\d+$/.test(entry) ? Number(entry) : entry));
  if (trimmed === '') return null;
  switch (setting.type) {
    case 'integer':
      return /^\d+$/.test(trimmed) ? Number(trimmed) : undefined;
    case 'number':
      return /^\d+(\.\d+)?$/.test(trimmed) ? Number(trimmed) : undefined;
    case 'duration':
      return /^\d+(ms|s|m|h|d)$/.test(squeezed(trimmed)) ? squeezed(trimmed) : undefined;
    case 'size':
      return /^\d+(B|KiB|MiB|GiB|kB|KB|MB|GB)?$/.test(squeezed(trimmed)) ? squeezed(trimmed) : undefined;
    default:
      return trimmed;
  }
}

export function same(a: SettingValue, b: SettingValue): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** A list with an entry put in or taken out, in the order of the choices. */
export function toggled(value: SettingValue, entry: string, choices: readonly string[]): string[] {
  const before = Array.isArray(value) ? value : [];
  const has = before.includes(entry);
  return choices.filter((choice) => (choice === entry ? !has : before.includes(choice)));
}

function entries(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean);
}

function squeezed(text: string): string {
  return text.replace(/\s+/g, '');
}
