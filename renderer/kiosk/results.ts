import { type ReadonlySignal, signal } from '@preact/signals';
import type { CoreClient, Input, Receipt } from '../../electron/contract/methods.ts';
import type { Recent, Route } from './route.ts';
import type { Sounds } from './sounds.ts';

/** How long a result has the whole screen. */
const RESULT_MS = 2_000;

export interface ResultDeps {
  readonly core: Pick<CoreClient, 'voidCheckin'>;
  readonly sounds: Sounds;
  readonly undoMs: () => number;
  readonly go: (next: Route) => void;
  readonly home: () => void;
  /** The current face has been dealt with. */
  readonly settle: () => void;
}

/** What follows a check-in: the welcome, and a short while in which it can be taken back. */
export function createResults({ core, sounds, undoMs, go, home, settle }: ResultDeps) {
  const recent = signal<Recent | null>(null);
  let recentTimer: ReturnType<typeof setTimeout> | undefined;
  let resultTimer: ReturnType<typeof setTimeout> | undefined;

  /** Nobody here may undo the last check-in any more: the next visit has begun, or the core is gone. */
  function forget(): void {
    clearTimeout(recentTimer);
    recent.value = null;
  }

  /** "That was wrong": the record is void, and the people in charge see it with its reason. */
  async function takeBack(receipt: Receipt, reason: Input<'voidCheckin'>['reason']): Promise<void> {
    forget();
    clearTimeout(resultTimer);
    try {
      await core.voidCheckin({ checkin: receipt.checkin, undo: receipt.undo, reason });
      go({ at: 'voided', outcome: reason === 'not-me' ? 'done' : 'wrong' });
    } catch (error) {
      const code = (error as { code?: string }).code;
      go({ at: 'voided', outcome: code === 'undo-expired' ? 'late' : 'failed' });
    }
  }

  return {
    recent: recent as ReadonlySignal<Recent | null>,
    /** Shows the welcome, and leads back to the camera by itself. */
    welcomed(receipt: Receipt): void {
      forget();
      const ms = undoMs();
      if (!receipt.repeated && ms > 0) {
        recent.value = { receipt, until: performance.now() + ms };
        recentTimer = setTimeout(forget, ms);
      }
      sounds.play(receipt.repeated ? 'again' : receipt.direction);
      go({ at: 'result', receipt });
      // After a face the visit has its answer already; after another way the face that is still there is left alone: its visit
      // would be the next one, and take the undo away.
      if (!receipt.method.includes('face')) settle();
      resultTimer = setTimeout(home, RESULT_MS);
    },
    /** "Not me": the record is void, and the check-in methods are offered. */
    async notMe(receipt: Receipt): Promise<void> {
      // A repeated sample made no record, and the one before it was another's: there is nothing to take back.
      if (!receipt.repeated) return takeBack(receipt, 'not-me');
      forget();
      go({ at: 'other-method', reason: 'not-me', code: null });
    },
    takeBack,
    /** A screen was chosen: the result no longer returns to the camera by itself. */
    hold: () => clearTimeout(resultTimer),
    forget,
  };
}
