import { computed, signal } from '@preact/signals';

/**
 * Pages by fragment: `#/attendance/…?from=…`. The fragment is sent to no server and appears in no log. Still, it must not
 * contain names or e-mail addresses, since the browser's history keeps it.
 */
export interface Route {
  /** First segment; empty: the role's start page. */
  readonly page: string;
  /** The following segments, such as a person's id. */
  readonly rest: readonly string[];
  readonly query: URLSearchParams;
}

/** A sign-in link (`#enter=…`): names no page. */
const isLink = (hash: string): boolean => hash.startsWith('#enter=');

/** Parses a fragment. One without `#/` names no page. Pure. */
function parseHash(hash: string): Route {
  if (!hash.startsWith('#/')) return { page: '', rest: [], query: new URLSearchParams() };
  const [path = '', query = ''] = hash.slice(2).split('?', 2);
  const [page = '', ...rest] = path.split('/').filter(Boolean).map(decode);
  return { page, rest, query: new URLSearchParams(query) };
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

/** Builds a fragment, leaving out absent and empty values. Pure. */
function hashOf(path: string, query: Readonly<Record<string, string | null | undefined>> = {}): string {
  const given = Object.entries(query).filter((e): e is [string, string] => Boolean(e[1]));
  return `#/${path}${given.length > 0 ? `?${new URLSearchParams(given).toString()}` : ''}`;
}

const hash = signal(isLink(location.hash) ? '' : location.hash);
/** The fragment of the page that is shown, or kept while its user signs in again. */
export const pageHash = (): string => hash.peek();
/** Counts views that were chosen but not shown, so that the control that chose one shows the current view again. */
const stayed = signal(0);
const holds = new Set<() => Promise<boolean>>();

/** Sets a question to ask before another view is shown, for example if edits would be lost. @returns removes it */
export function holdRoute(ask: () => Promise<boolean>): () => void {
  holds.add(ask);
  return () => holds.delete(ask);
}

async function mayLeave(): Promise<boolean> {
  const [ask] = holds;
  if (!ask || (await ask())) return true;
  stayed.value += 1;
  return false;
}

/** The index of this entry in the tab's history; 0 if the browser doesn't report it. */
const entry = (): number =>
  (globalThis as { navigation?: { currentEntry?: { index: number } | null } }).navigation?.currentEntry?.index ?? 0;
let shown = entry();

addEventListener('hashchange', async () => {
  if (location.hash === hash.peek()) return;
  // A user whose session has ended continues on their page after signing in by a link opened in this tab.
  if (isLink(location.hash)) {
    shown = entry();
    return;
  }
  if (await mayLeave()) {
    hash.value = location.hash;
    shown = entry();
  } else if (entry() !== shown) history.go(shown - entry());
  else history.replaceState(null, '', hash.peek() || '#');
});

export const route = computed(() => {
  void stayed.value;
  return parseHash(hash.value);
});

/** Counts how often the current view was chosen again: something on it may hide what the user wants to see. */
export const chosenAgain = signal(0);

export function go(path: string, query?: Readonly<Record<string, string | null | undefined>>): void {
  const chosen = hashOf(path, query);
  if (chosen === location.hash) chosenAgain.value += 1;
  else location.hash = chosen;
}

/** Returns the current fragment with some query values changed. */
function hashWith(change: Readonly<Record<string, string | null | undefined>>): string {
  const { page, rest, query } = route.peek();
  return hashOf([page, ...rest].map(encodeURIComponent).join('/'), { ...Object.fromEntries(query), ...change });
}

/**
 * Records the reader's place on the page in the address. Nothing changes now, but the place is restored when they come back
 * or share the address.
 */
export function noteQuery(place: Readonly<Record<string, string | null | undefined>>): void {
  history.replaceState(null, '', hashWith(place));
}

/** Changes the current page's query without a step in the history. */
export function setQuery(change: Readonly<Record<string, string | null | undefined>>): void {
  const ask = () => {
    history.replaceState(null, '', hashWith(change));
    hash.value = location.hash;
  };
  if (holds.size === 0) ask();
  else void mayLeave().then((may) => may && ask());
}
