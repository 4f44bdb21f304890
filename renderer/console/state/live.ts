import { computed, effect, signal } from '@preact/signals';
import { away } from '../../shared/web/api.ts';
import { now } from '../../shared/web/now.ts';
import { applyBoard, type BoardState, EMPTY, latestOf } from './board.ts';
import { connectLive } from './connection.ts';
import { session } from './session.ts';

/**
 * Data from the live connection. It is only open while a page shows it, since the people it shows are in the audit log.
 *
 * @param site null: the default one
 */
export function createLive(site: string | null) {
  const board = signal<BoardState>(EMPTY);
  /** When the connection broke, ms since 1970; null while connected. */
  const lostAt = signal<number | null>(null);
  return {
    board,
    lostAt,
    /** The server's clock as far as this page knows it, ms since 1970. */
    serverNow: computed(() => now.value + board.value.clockOffset),
    latest: computed(() => latestOf(board.value)),
    /** @returns a function that disconnects */
    connect: (): (() => void) =>
      effect(() => {
        if (away.value) {
          lostAt.value = lostAt.peek() ?? Date.now();
          return undefined;
        }
        return connectLive({
          since: () => ({ site, log: board.peek().log, position: board.peek().position }),
          onBoard(message) {
            now.value = Date.now();
            board.value = applyBoard(board.peek(), message, Date.now());
            lostAt.value = null;
          },
          onLost() {
            lostAt.value ??= Date.now();
          },
          onSignedOut: () => session.leaveFor('ended'),
        });
      }),
  };
}

export type Live = ReturnType<typeof createLive>;
