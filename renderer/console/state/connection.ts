import { Board, CLOSE, watchBoard } from '../../../sync/protocol/api/live.ts';
import { getSession } from '../../../sync/protocol/api/session.ts';

/** Time without a message after which the connection counts as dead (the server sends every 20 s), ms. */
const SILENCE_MS = 45_000;
/** A page younger than this is not reloaded: a message it can't read would be unreadable after a reload too, ms. */
const RELOAD_AFTER_MS = 60_000;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 15_000;

export interface ConnectionHooks {
  /** The site, null for the default one, and where to resume. */
  since(): { site: string | null; log: string | null; position: number };
  onBoard(board: Board): void;
  onLost(): void;
  onSignedOut(): void;
}

/** Keeps the live socket open, resuming where it stopped. Returns a function that closes it. */
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
        // The server was updated while the page was open: load the new page, but not over and over.
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

  // For a rejected handshake the page only gets 1006, so ask over HTTPS whether the session has ended.
  const again = async (): Promise<void> => {
    try {
      const answer = await fetch(getSession.path, { cache: 'no-store' });
      if (stopped) return;
      if (answer.status === 401) return signedOut();
    } catch {
      // No server: the socket's own failure triggers the next attempt.
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
