import { computed, signal } from '@preact/signals';

/**
 * Pages by fragment: `#/attendance/…?from=…`. The fragment is sent to no server and is in no log. Still, no name or
 * e-mail address belongs in it: it stays in the browser's history.
 */
export interface Route {
  /** First segment; empty: the page that a role begins with. */
  readonly page: string;
  /** Segments behind it, e.g. a person's id. */
  readonly rest: readonly string[];
  readonly query: URLSearchParams;
}

/** Reads a fragment. One without `#/`, as of a sign-in link, names no page. Pure. */
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

/** A fragment; what is absent or empty is left out. Pure. */
function hashOf(path: string, query: Readonly<Record<string, string | null | undefined>> = {}): string {
  const given = Object.entries(query).filter((e): e is [string, string] => Boolean(e[1]));
  return `#/${path}${given.length > 0 ? `?${new URLSearchParams(given).toString()}` : ''}`;
}

const hash = signal(location.hash);
/** A view that someone chose and did not get: what chose it shows again where they are. */
const stayed = signal(0);
const holds = new Set<() => Promise<boolean>>();

/** Asked before another view is shown, e.g. since edits would be lost. @returns no longer asks */
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

/** Which entry of the tab's history this is; 0 where the browser does not say. */
const entry = (): number =>
  (globalThis as { navigation?: { currentEntry?: { index: number } | null } }).navigation?.currentEntry?.index ?? 0;
let shown = entry();

addEventListener('hashchange', async () => {
  if (location.hash === hash.peek()) return;
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

/** How often someone chose the view that they are in: what they did there since may hide what they want to see. */
export const chosenAgain = signal(0);

export function go(path: string, query?: Readonly<Record<string, string | null | undefined>>): void {
  const chosen = hashOf(path, query);
  if (chosen === location.hash) chosenAgain.value += 1;
  else location.hash = chosen;
}

/** A hash of the current page, changed in this. */
function hashWith(change: Readonly<Record<string, string | null | undefined>>): string {
  const { page, rest, query } = route.peek();
  return hashOf([page, ...rest].map(encodeURIComponent).join('/'), { ...Object.fromEntries(query), ...change });
}

/**
 * Notes in the address where the reader of the present page is: it changes nothing now, and shows the same when they come
 * back or the address is shared.
 */
export function noteQuery(place: Readonly<Record<string, string | null | undefined>>): void {
  history.replaceState(null, '', hashWith(place));
}

/** Changes what the present page is asked for, without a step in the history. */
export function setQuery(change: Readonly<Record<string, string | null | undefined>>): void {
  const ask = () => {
    history.replaceState(null, '', hashWith(change));
    hash.value = location.hash;
  };
  if (holds.size === 0) ask();
  else void mayLeave().then((may) => may && ask());
}
