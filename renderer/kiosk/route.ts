import type { Receipt } from '../../electron/contract/methods.ts';
import type { OtherMethodReason } from './visits.ts';

/** A check-in that can still be voided. */
export interface Recent {
  readonly receipt: Receipt;
  /** Until when the core accepts the undo, as `performance.now()`. */
  readonly until: number;
}

/** The screen shown, with its parameters. */
export type Route =
  | { at: 'checkin' }
  | { at: 'result'; receipt: Receipt }
  | { at: 'wrong'; recent: Recent }
  | { at: 'voided'; outcome: 'done' | 'wrong' | 'late' | 'failed' }
  | { at: 'other-method'; reason: OtherMethodReason; code: string | null; seconds?: number | null }
  | { at: 'pin' | 'number' | 'qr' | 'badge' | 'privacy' | 'staff' };
