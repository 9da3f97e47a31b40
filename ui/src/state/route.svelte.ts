/** Where in the window we are, kept in the address after `#`, so that a view can be linked, reloaded and gone back to. */

export const PAGES = [
  'overview',
  'history',
  'usage',
  'providers',
  'rules',
  'playground',
  'clients',
  'logs',
  'settings',
] as const;
export type Page = (typeof PAGES)[number];

/** What a page keeps in the address: filters, the open thing. Each page reads its own; an empty value is not written. */
export type Params = Readonly<Record<string, string>>;

export interface Place {
  page: Page;
  params: Params;
}

/** Names that pages had before. */
const FORMERLY: Readonly<Record<string, Page>> = { connect: 'clients' };

export function readPlace(hash: string): Place {
  const [path = '', search = ''] = hash.replace(/^#\/?/, '').split('?', 2);
  const page = PAGES.find((name) => name === path) ?? FORMERLY[path] ?? 'overview';
  return { page, params: Object.fromEntries(new URLSearchParams(search)) };
}

/** The address of a place, for links. */
export function href(page: Page, params: Params = {}): string {
  const search = new URLSearchParams(Object.entries(params).filter(([, value]) => value !== '')).toString();
  return `#/${page}${search ? `?${search}` : ''}`;
}

class Route {
  place = $state.raw<Place>(readPlace(location.hash));

  constructor() {
    const read = () => (this.place = readPlace(location.hash));
    addEventListener('hashchange', read);
    // Back and forward between pushed states raise popstate, not always hashchange.
    addEventListener('popstate', read);
  }

  get page(): Page {
    return this.place.page;
  }

  get params(): Params {
    return this.place.params;
  }

  /** A step that Back undoes. */
  go(page: Page, params: Params = {}): void {
    const next = href(page, params);
    if (next === href(this.page, this.params)) return;
    history.pushState(null, '', next);
    this.place = readPlace(next);
  }

  /** A step within the page that Back undoes, such as opening a request: the other parameters stay. */
  open(params: Params): void {
    this.go(this.page, { ...this.params, ...params });
  }

  /** A change of the same view, such as a letter typed into the search: nothing to go back to. */
  adjust(params: Params): void {
    const next = href(this.page, { ...this.params, ...params });
    history.replaceState(null, '', next);
    this.place = readPlace(next);
  }
}

export const route = new Route();
