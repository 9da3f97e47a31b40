/** What the command palette offers: places to go to and things to do, from live state and from the page that is open. */
import { untrack } from 'svelte';
import { LANGUAGES, SPOKEN, t } from '../i18n/index.svelte';
import { VIEWS } from '../views/pages';
import { THEMES } from './appearance.svelte';
import { now } from './clock.svelte';
import { firstRun } from './first-run.svelte';
import { live } from './live.svelte';
import { speak, wear } from './looks.svelte';
import { PAGES, route } from './route.svelte';
import { SECTIONS, type Section } from './sections';
import { standing } from './standing';
import { STATUS_WORDS } from './words';

export interface Command {
  /** Tells commands apart in a list. */
  id: string;
  kind: 'page' | 'group' | 'provider' | 'request' | 'action';
  text: string;
  /** A second line of thought: a key to press, a state. */
  note?: string;
  /** Other words that people look for it by. */
  also?: string;
  run: () => void | Promise<unknown>;
}

class Commands {
  #own = $state.raw<ReadonlyMap<symbol, () => Command[]>>(new Map());

  /** A page offers commands of its own while it is open; call it in an effect and return what it returns. */
  offer(commands: () => Command[]): () => void {
    const key = Symbol('commands');
    // Untracked: an effect that offers must not run again because something was offered.
    this.#own = new Map(untrack(() => this.#own)).set(key, commands);
    return () => {
      const rest = new Map(untrack(() => this.#own));
      rest.delete(key);
      this.#own = rest;
    };
  }

  all(): Command[] {
    const own = [...this.#own.values()].flatMap((commands) => commands());
    return [...own, ...pages(), ...groups(), ...providers(), ...requests(), ...actions(), ...sections()];
  }
}

/** The commands in which each word of the question begins a word, those whose text begins with the question first. */
export function matching(commands: readonly Command[], question: string): Command[] {
  const asked = question.trim().toLowerCase();
  const parts = asked.split(/\s+/).filter(Boolean);
  const found = commands.filter((command) => {
    const text = ` ${command.text} ${command.note ?? ''} ${command.also ?? ''}`.toLowerCase();
    // Chinese has no spaces to begin behind.
    return parts.every((part) => (/[\u3400-\u9fff]/.test(part) ? text.includes(part) : begins(text, part)));
  });
  if (!asked) return found;
  const rank = (command: Command) => (command.text.toLowerCase().startsWith(asked) ? 0 : 1);
  return found.sort((a, b) => rank(a) - rank(b));
}

function begins(text: string, part: string): boolean {
  for (let at = text.indexOf(part); at > 0; at = text.indexOf(part, at + 1)) {
    if (!/[\p{L}\p{N}]/u.test(text[at - 1] ?? '')) return true;
  }
  return false;
}

function pages(): Command[] {
  return PAGES.map((page) => ({
    id: `page-${page}`,
    kind: 'page',
    text: t[`nav_${page}`],
    note: `g ${VIEWS[page].letter}`,
    run: () => route.go(page),
  }));
}

/** Other words for sections, in every language. */
const SOUGHT: Partial<Record<Section, string>> = {
  general: 'login autostart notifications language theme',
  server: 'address port listen log proxy',
  routing: 'failover retry wait timeout breaker rest cooldown',
  history: 'privacy bodies retention ledger',
  budgets: 'limit spend',
  prices: 'cost',
  audit: 'changes',
  config: 'toml file',
  about: 'version update',
};

function sections(): Command[] {
  return SECTIONS.map((name) => ({
    id: `settings-${name}`,
    kind: 'page',
    text: `${t.nav_settings}: ${t[`settingsSection_${name}`]}`,
    ...(SOUGHT[name] ? { also: SOUGHT[name] } : {}),
    run: () => route.go('settings', { section: name }),
  }));
}

function groups(): Command[] {
  return (live.groups ?? []).flatMap((group): Command[] => {
    const turn: Command = group.paused
      ? { id: `resume-${group.name}`, kind: 'group', text: t.doResume(group.name), run: () => act((api) => api.resume(group.name)) }
      : { id: `pause-${group.name}`, kind: 'group', text: t.doPause(group.name), run: () => act((api) => api.pause(group.name)) };
    if (group.active) return [turn];
    const choose = () => act((api) => api.activate(group.name));
    return [{ id: `activate-${group.name}`, kind: 'group', text: t.doActivate(group.name), also: 'use activate', run: choose }, turn];
  });
}

function providers(): Command[] {
  return live.providers.map((provider) => ({
    id: `provider-${provider.name}`,
    kind: 'provider',
    text: provider.name,
    note: standing(provider, now.ms),
    run: () => route.go('providers', { provider: provider.name }),
  }));
}

function requests(): Command[] {
  return (live.recent ?? []).map((row) => ({
    id: `request-${row.id}`,
    kind: 'request',
    text: row.id,
    note: [row.model_requested, row.provider, t[STATUS_WORDS[row.status]]].filter(Boolean).join(' · '),
    run: () => route.go('history', { id: row.id }),
  }));
}

function actions(): Command[] {
  const auto = live.status?.mode === 'auto';
  return [
    { id: 'mode', kind: 'action', text: auto ? t.doManual : t.doAuto, run: () => act((api) => api.setMode(auto ? 'manual' : 'auto')) },
    { id: 'add-provider', kind: 'action', text: t.doAddProvider, also: 'new key', run: () => route.go('providers', { add: 'new' }) },
    { id: 'connect', kind: 'action', text: t.doConnect, run: () => route.go('clients', { connect: 'claude-code' }) },
    { id: 'token', kind: 'action', text: t.doToken, run: () => route.go('settings', { section: 'tokens' }) },
    ...outage(live.status?.practice_outage),
    { id: 'first-run', kind: 'action', text: t.startTitle, run: again },
    ...THEMES.map((theme): Command => ({
      id: `theme-${theme}`,
      kind: 'action',
      text: t.doTheme(t[`theme_${theme}`]),
      run: () => wear(theme),
    })),
    ...SPOKEN.map((language): Command => ({
      id: `language-${language}`,
      kind: 'action',
      text: t.doLanguage(language === 'system' ? t.theme_system : LANGUAGES[language]),
      also: language === 'zh-CN' ? 'chinese language' : 'language',
      run: () => speak(language),
    })),
  ];
}

/** The switch of the practice providers, where there are any. */
function outage(on: boolean | null | undefined): Command[] {
  if (on === null || on === undefined) return [];
  const text = on ? t.doServeAgain : t.doOutage;
  return [{ id: 'outage', kind: 'action', text, run: () => act((api) => api.practiceOutage(!on)) }];
}

function again(): void {
  firstRun.show();
  route.go('overview');
}

function act(what: Parameters<typeof live.act>[0]): Promise<boolean> {
  return live.act(what, t.paletteFailed);
}

export const commands = new Commands();
