import type { Board, BoardCounts, BoardDevice, BoardRow } from '../../../sync/protocol/api/live.ts';

/** Most rows kept on the page. Older ones remain on the server. */
export const KEPT_ROWS = 300;

/** The page's state. Immutable; `applyBoard` makes the next one. */
export interface BoardState {
  readonly log: string | null;
  readonly position: number;
  /** Newest first. */
  readonly rows: readonly BoardRow[];
  /** Rows that arrived while the page was watching. They are animated. */
  readonly fresh: ReadonlySet<string>;
  readonly counts: BoardCounts;
  readonly devices: readonly BoardDevice[];
  readonly site: { readonly name: string; readonly timeZone: string } | null;
  /** Server's clock minus this machine's, ms, so that "last heard" does not depend on a wrong clock here. */
  readonly clockOffset: number;
}

export const EMPTY: BoardState = {
  log: null,
  position: 0,
  rows: [],
  fresh: new Set(),
  counts: { inToday: 0, insideNow: 0, recordsToday: 0 },
  devices: [],
  site: null,
  clockOffset: 0,
};

/** Applies a message. Handles repeats and changes that arrive out of order: the higher `change` wins. */
export function applyBoard(state: BoardState, board: Board, now: number): BoardState {
  const known = new Map(board.whole ? [] : state.rows.map((row) => [row.id, row]));
  const first = state.log === null;
  const fresh = new Set<string>();
  for (const row of board.rows) {
    const held = known.get(row.id);
    if (!held && !first && !state.rows.some((r) => r.id === row.id)) fresh.add(row.id);
    if (!held || row.change >= held.change) known.set(row.id, row);
  }
  const rows = [...known.values()]
    .sort((a, b) => (a.at === b.at ? b.id.localeCompare(a.id) : b.at.localeCompare(a.at)))
    .slice(0, KEPT_ROWS);
  return {
    log: board.log,
    position: board.log === state.log ? Math.max(state.position, board.position) : board.position,
    rows,
    fresh,
    counts: board.counts,
    devices: board.whole ? board.devices : mergeDevices(state.devices, board),
    site: board.site,
    clockOffset: Date.parse(board.serverTime) - now,
  };
}

function mergeDevices(held: readonly BoardDevice[], board: Board): BoardDevice[] {
  const known = new Map(held.map((device) => [device.id, device]));
  for (const device of board.devices) known.set(device.id, device);
  for (const id of board.removedDevices ?? []) known.delete(id);
  return [...known.values()].sort((a, b) => a.name.localeCompare(b.name) || a.id.localeCompare(b.id));
}

/** Returns the latest record that counts, for the headline. */
export const latestOf = (state: BoardState): BoardRow | null =>
  state.rows.find((row) => row.voided === null && !row.duplicateOf) ?? null;

/** Groups rows by calendar day (YYYY-MM-DD in the site's zone), newest day first. */
export function byDay(rows: readonly BoardRow[], dayKey: (at: string) => string): { day: string; rows: BoardRow[] }[] {
  const days: { day: string; rows: BoardRow[] }[] = [];
  for (const row of rows) {
    const day = dayKey(row.at);
    const last = days.at(-1);
    if (last?.day === day) last.rows.push(row);
    else days.push({ day, rows: [row] });
  }
  return days;
}

/** Returns up to two initials of a name, by code point and in the name's own script. */
export function initialsOf(name: string): string {
  const label = name
    .trim()
    .split(/\s+/u)
    .filter((w) => /\p{L}/u.test(w));
  const letter = (word: string | undefined) => word?.match(/\p{L}\p{M}*/u)?.[0].toUpperCase() ?? '';
  return letter(label[0]) + (label.length > 1 ? letter(label.at(-1)) : '');
}
