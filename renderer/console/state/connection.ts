import { Board, CLOSE, watchBoard } from '../../../sync/protocol/api/live.ts';
import { getSession } from '../../../sync/protocol/api/session.ts';

/** Without a message from the server for this long the connection counts as dead (the server sends every 20 s), ms. */
const SILENCE_MS = 45_000;
/** A page younger than this is not reloaded: what it can't read it could not read after a reload either, ms. */
const RELOAD_AFTER_MS = 60_000;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 15_000;

export interface ConnectionHooks {
  /** Which site, null for the default one; where to resume from. */
  since(): { site: string | null; log: string | null; position: number };
  onBoard(board: Board): void;
  onLost(): void;
  onSignedOut(): void;
}

/** Keeps the live socket open, resuming where it stopped. Returns how to stop. */
export function connectLive(hooks: ConnectionHooks): () => void {
  let stopped = false;
  let failures = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let socket: WebSocket | null = null;

  const open = (): void => {
    const { site, log, position } = hooks.since();
    const url = new URL(watchBoard.path, location.href);
    url.protocol = 'wss:';
    if (site !== null) url.searchParams.set('site', site);
    if (log !== null) {
      url.searchParams.set('log', log);
      url.searchParams.set('after', String(position));
    }
    const mine = new WebSocket(url);
    socket = mine;
    watch(mine);
    mine.onmessage = (event) => {
      if (mine !== socket) return;
      const board = Board.safeParse(parseJson(event.data));
      if (!board.success) {
        // A server that was updated under an open page: load the page that belongs to it, but not for ever.
        mine.close();
        if (performance.now() > RELOAD_AFTER_MS) location.reload();
        return;
      }
      failures = 0;
      watch(mine);
      hooks.onBoard(board.data);
    };
    mine.onclose = (event) => {
      if (mine === socket) lost(event.code);
    };
  };

  const watch = (mine: WebSocket): void => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      mine.close();
      if (mine === socket) lost(0);
    }, SILENCE_MS);
  };

  const lost = (code: number): void => {
    socket = null;
    clearTimeout(timer);
    if (stopped) return;
    if (code === CLOSE.sessionEnded) {
      signedOut();
      return;
    }
    hooks.onLost();
    const pause = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** failures) * (0.5 + Math.random() / 2);
    failures += 1;
    timer = setTimeout(() => void again(), pause);
  };

  // A rejected handshake gives the page nothing but 1006: ask in plain HTTPS whether it is the session.
  const again = async (): Promise<void> => {
    try {
      const answer = await fetch(getSession.path, { cache: 'no-store' });
      if (stopped) return;
      if (answer.status === 401) return signedOut();
    } catch {
      // No server: the socket's own failure leads to the next attempt.
    }
    if (!stopped) open();
  };

  const signedOut = (): void => {
    stopped = true;
    hooks.onSignedOut();
  };

  open();
  return () => {
    stopped = true;
    clearTimeout(timer);
    socket?.close();
  };
}

function parseJson(data: unknown): unknown {
  try {
    return JSON.parse(String(data));
  } catch {
    return null;
  }
}
