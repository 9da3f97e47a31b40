/** Where in the window we are, kept in the address after `#`, so that a view can be linked, reloaded and gone back to. */
import { NO_FILTER, type HistoryFilter } from './merge';

export const PAGES = ['overview', 'history', 'connect'] as const;
export type Page = (typeof PAGES)[number];

export interface Place {
  page: Page;
  filter: HistoryFilter;
  /** The request whose detail is open. */
  id: string | null;
}

export function readPlace(hash: string): Place {
  const [path = '', search = ''] = hash.replace(/^#\/?/, '').split('?', 2);
  const page = PAGES.find((name) => name === path) ?? 'overview';
  const params = new URLSearchParams(search);
  const filter = {
    status: params.get('status') ?? '',
    provider: params.get('provider') ?? '',
    q: params.get('q') ?? '',
  };
  return { page, filter: page === 'history' ? filter : NO_FILTER, id: page === 'history' ? params.get('id') : null };
}

export function writePlace(place: Place): string {
  const params = new URLSearchParams();
  if (place.page === 'history') {
    for (const [name, value] of Object.entries(place.filter)) if (value) params.set(name, value);
    if (place.id) params.set('id', place.id);
  }
  const search = params.toString();
  return `#/${place.page}${search ? `?${search}` : ''}`;
}

class Route {
  place = $state.raw<Place>(readPlace(location.hash));

  constructor() {
    addEventListener('hashchange', () => (this.place = readPlace(location.hash)));
  }

  /** A step that Back undoes. */
  go(place: Partial<Place>): void {
    const next = { ...this.place, ...place };
    if (writePlace(next) === writePlace(this.place)) return;
    history.pushState(null, '', writePlace(next));
    this.place = next;
  }

  /** A change of the same view, such as a letter typed into the search: nothing to go back to. */
  adjust(place: Partial<Place>): void {
    this.place = { ...this.place, ...place };
    history.replaceState(null, '', writePlace(this.place));
  }
}

export const route = new Route();
// Back and forward between pushed states raise popstate, not always hashchange.
addEventListener('popstate', () => (route.place = readPlace(location.hash)));
