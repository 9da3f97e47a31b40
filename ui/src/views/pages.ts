/** The pages: how each is loaded, its icon and the letter that goes there after `g`. What is opened is fetched first, the others when there is time. */
import ChartColumn from '@lucide/svelte/icons/chart-column';
import FlaskConical from '@lucide/svelte/icons/flask-conical';
import History from '@lucide/svelte/icons/history';
import House from '@lucide/svelte/icons/house';
import Plug from '@lucide/svelte/icons/plug';
import ScrollText from '@lucide/svelte/icons/scroll-text';
import Server from '@lucide/svelte/icons/server';
import Settings from '@lucide/svelte/icons/settings';
import Split from '@lucide/svelte/icons/split';
import type { Component } from 'svelte';
import type { Page } from '../state/route.svelte';

export interface View {
  icon: typeof House;
  /** Pressed after `g`. */
  letter: string;
  /** The page fills the window and scrolls within itself. */
  fixed?: boolean;
  load: () => Promise<{ default: Component }>;
}

export const VIEWS: Readonly<Record<Page, View>> = {
  overview: { icon: House, letter: 'o', load: () => import('./Overview.svelte') },
  history: { icon: History, letter: 'h', fixed: true, load: () => import('./History.svelte') },
  usage: { icon: ChartColumn, letter: 'u', load: () => import('./Usage.svelte') },
  providers: { icon: Server, letter: 'p', load: () => import('./Providers.svelte') },
  rules: { icon: Split, letter: 'r', load: () => import('./Rules.svelte') },
  playground: { icon: FlaskConical, letter: 'y', load: () => import('./Playground.svelte') },
  clients: { icon: Plug, letter: 'c', load: () => import('./Clients.svelte') },
  logs: { icon: ScrollText, letter: 'l', fixed: true, load: () => import('./Logs.svelte') },
  settings: { icon: Settings, letter: 's', load: () => import('./Settings.svelte') },
};
