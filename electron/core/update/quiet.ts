import type { UpdateWindow } from '../../../sync/protocol/wire/fleet.ts';
import { isOpen, lengthOf } from './window.ts';

/** When a build that is ready may start: the longer it has waited, the less quiet it needs. Pure. */

const HOUR = 3_600_000;
/** Quiet means that nobody has been at the kiosk for this long, ms. */
const QUIET_MS = 60_000;
/** After this long a face in view no longer counts, ms: it may be a poster, or a lobby that is never empty. */
const PATIENCE_MS = 4 * HOUR;
/** After this long a gap between two check-ins is enough, at the time where that does the least harm, ms. */
const LATE_MS = 24 * HOUR;
const GAP_MS = 20_000;
/** That time, by the site's clock, if there is no maintenance window. */
const NIGHT = { from: '02:00', to: '05:00' } as const;

export interface Wait {
  /** How long nobody has been in view, and how long nobody has used the kiosk. */
  readonly idleMs: number;
  readonly unusedMs: number;
  /** How long only people have delayed the start. */
  readonly waitedMs: number;
  /** The maintenance window, which is open; null if none is set. */
  readonly window: UpdateWindow | null;
  readonly zone: string;
  /** Trusted time, ms since 1970. */
  readonly at: number;
}

/** Returns whether the kiosk may restart now as far as people are concerned. */
export function isQuiet({ idleMs, unusedMs, waitedMs, window, zone, at }: Wait): boolean {
  if (idleMs >= QUIET_MS) return true;
  const patience = window ? Math.min(PATIENCE_MS, lengthOf(window) / 2) : PATIENCE_MS;
  if (waitedMs >= patience && unusedMs >= QUIET_MS) return true;
  return waitedMs >= LATE_MS && unusedMs >= GAP_MS && isOpen(window ?? { ...NIGHT, zone }, at);
}
