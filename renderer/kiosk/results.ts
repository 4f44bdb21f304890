import { type ReadonlySignal, signal } from '@preact/signals';
import type { CoreClient, Input, Receipt } from '../../electron/contract/methods.ts';
import type { Recent, Route } from './route.ts';
import type { Sounds } from './sounds.ts';

/** How long a result fills the screen. */
const RESULT_MS = 2_000;

export interface ResultDeps {
  readonly core: Pick<CoreClient, 'voidCheckin'>;
  readonly sounds: Sounds;
  readonly undoMs: () => number;
  readonly go: (next: Route) => void;
  readonly home: () => void;
  /** Marks the current face as dealt with. */
  readonly settle: () => void;
}

/** Handles what follows a check-in: the welcome, and a short time in which it can be undone. */
export function createResults({ core, sounds, undoMs, go, home, settle }: ResultDeps) {
  const recent = signal<Recent | null>(null);
  let recentTimer: ReturnType<typeof setTimeout> | undefined;
  let resultTimer: ReturnType<typeof setTimeout> | undefined;
  /** Token of the last undo. The core accepts each once: a second touch would show that the first came too late. */
  let used: string | null = null;

  /** The last check-in can no longer be undone here: the next visit has begun, or the core was lost. */
  function forget(): void {
    clearTimeout(recentTimer);
    recent.value = null;
  }

  /** "That was wrong": voids the record. The people in charge see it with the reason. */
  async function takeBack(receipt: Receipt, reason: Input<'voidCheckin'>['reason']): Promise<void> {
    if (used === receipt.undo) return;
    used = receipt.undo;
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
    /** Shows the welcome, and returns to the camera automatically. */
    welcomed(receipt: Receipt): void {
      forget();
      const ms = undoMs();
      if (!receipt.repeated && ms > 0) {
        recent.value = { receipt, until: performance.now() + ms };
        recentTimer = setTimeout(forget, ms);
      }
      sounds.play(receipt.repeated ? 'again' : receipt.direction);
      go({ at: 'result', receipt });
      // A visit by face has its answer already. After another method, the face still in view is ignored: its visit would be the
      // next one and end the chance to undo.
      if (!receipt.method.includes('face')) settle();
      resultTimer = setTimeout(home, RESULT_MS);
    },
    /** "Not me": voids the record and offers the check-in methods. */
    async notMe(receipt: Receipt): Promise<void> {
      // A repeated check-in made no record, and the earlier one was another person's, so there is nothing to void.
      if (!receipt.repeated) return takeBack(receipt, 'not-me');
      forget();
      go({ at: 'other-method', reason: 'not-me', code: null });
    },
    takeBack,
    /** A screen was chosen: cancels the automatic return to the camera. */
    hold: () => clearTimeout(resultTimer),
    forget,
  };
}
