/** `desktop.language` and `desktop.theme`: one choice for this window, the tray and notifications, kept in the config. */
import { i18n, t, type Spoken } from '../i18n/index.svelte';
import { appearance, type Theme } from './appearance.svelte';
import { live } from './live.svelte';
import { settings } from './settings.svelte';

const LOOKS = { 'desktop.language': i18n, 'desktop.theme': appearance } as const;
type Path = keyof typeof LOOKS;

/** Takes over what the config says. Call it in an effect. */
export function followConfig(): void {
  for (const [path, look] of Object.entries(LOOKS)) {
    const setting = settings.get(path);
    // What was just chosen shows until the daemon took or refused it.
    if (setting && !settings.saving.has(path)) look.told(setting.written ? String(setting.value) : null);
  }
}

export function speak(language: Spoken): Promise<void> {
  i18n.choose(language);
  return write('desktop.language', language);
}

export function wear(theme: Theme): Promise<void> {
  appearance.choose(theme);
  return write('desktop.theme', theme);
}

async function write(path: Path, value: string): Promise<void> {
  if (!(await settings.change(path, value))) live.toast('error', t.paletteFailed, settings.refused.get(path) ?? '');
}
