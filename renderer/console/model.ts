import { computed, effect, signal } from '@preact/signals';
import { applyBoard, type BoardState, EMPTY, latestOf } from './board.ts';
import { connectLive } from './connection.ts';
import { enter, leave, signedIn, takeToken } from './session.ts';

/** Which of its faces the page shows. */
export type Stage =
  | { readonly kind: 'opening' }
  | { readonly kind: 'enter'; readonly token: string; readonly busy: boolean; readonly code: string | null }
  | { readonly kind: 'signed-out'; readonly code: string | null }
  | { readonly kind: 'live' };

export function createModel() {
  const stage = signal<Stage>({ kind: 'opening' });
  const board = signal<BoardState>(EMPTY);
  /** When the line broke, ms since 1970; null while it holds. */
  const lostAt = signal<number | null>(null);
  const now = signal(Date.now());
  setInterval(() => {
    now.value = Date.now();
  }, 1000);

  effect(() => {
    if (stage.value.kind !== 'live') return;
    return connectLive({
      since: () => ({ log: board.peek().log, position: board.peek().position }),
      onBoard(message) {
        now.value = Date.now();
        board.value = applyBoard(board.peek(), message, Date.now());
        lostAt.value = null;
      },
      onLost() {
        lostAt.value ??= Date.now();
      },
      onSignedOut() {
        board.value = EMPTY;
        stage.value = { kind: 'signed-out', code: 'session-ended' };
      },
    });
  });

  effect(() => {
    const { site } = board.value;
    document.title = site ? `${site.name} · SmartPresence` : 'SmartPresence';
  });

  return {
    stage,
    board,
    lostAt,
    /** The server's clock as well as this page knows it, ms since 1970; ticks every second. */
    serverNow: computed(() => now.value + board.value.clockOffset),
    latest: computed(() => latestOf(board.value)),

    async begin(): Promise<void> {
      const token = takeToken();
      if (token !== null) {
        stage.value = { kind: 'enter', token, busy: false, code: null };
        return;
      }
      // Unreachable counts as signed in: the live line then says that it is down, and recovers by itself.
      stage.value = (await signedIn()) === false ? { kind: 'signed-out', code: null } : { kind: 'live' };
    },

    async enter(): Promise<void> {
      const at = stage.value;
      if (at.kind !== 'enter' || at.busy) return;
      stage.value = { ...at, busy: true, code: null };
      const code = await enter(at.token);
      if (code === null) stage.value = { kind: 'live' };
      // The link was not spent: the button stays.
      else if (code === 'unreachable' || code === 'too-many-requests') stage.value = { ...at, busy: false, code };
      // Whoever is signed in already does not need the link.
      else if (await signedIn()) stage.value = { kind: 'live' };
      else stage.value = { kind: 'signed-out', code };
    },

    async leave(): Promise<void> {
      // Not signed out unless the server says so: a page that only looks it would be a trap.
      if (!(await leave())) return;
      board.value = EMPTY;
      stage.value = { kind: 'signed-out', code: 'left' };
    },
  };
}

export type Model = ReturnType<typeof createModel>;
