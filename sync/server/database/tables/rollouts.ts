import type { ColumnType, Generated, Selectable } from 'kysely';
import type { RingId, RolloutState, RolloutStep } from '../../../protocol/api/rollouts.ts';

type Instant = ColumnType<Date, Date | string, Date | string>;
type InstantOrNone = ColumnType<Date | null, Date | string | null | undefined, Date | string | null>;
type Json<T> = ColumnType<T, string, string>;

/** A version on its way to the fleet. At most one has not ended. */
export interface RolloutTable {
  id: string;
  version: string;
  state: RolloutState;
  steps: Json<RolloutStep[]>;
  step: number;
  step_since: Instant;
  automatic: boolean;
  urgent: boolean;
  trial_minutes: number;
  stop_kiosks: number;
  stop_percent: number;
  /** How often somebody had failed kiosks try once more. */
  again: Generated<number>;
  /** Failures before this were answered for. */
  counting_since: Instant;
  stopped_failed: number | null;
  stopped_got: number | null;
  started_at: Instant;
  /** Account, or `operator`. */
  started_by: string;
  ended_at: InstantOrNone;
}
export type RolloutRow = Selectable<RolloutTable>;

export interface RolloutActionTable {
  id: string;
  rollout: string;
  at: Instant;
  /** Account, `operator` or `server`. */
  by: string;
  what: string;
  detail: Json<Record<string, string | number | boolean>>;
}

/** How far one kiosk is; no row: it was never told. */
export interface RolloutDeviceTable {
  rollout: string;
  device: string;
  state: 'told' | 'installing' | 'healthy' | 'rolled-back' | 'refused';
  /** Since when: by the kiosk's event, or when it was told. */
  at: Instant;
  event_at: InstantOrNone;
  from_version: string | null;
  reason: string | null;
}

/** What somebody calls a ring. */
export interface UpdateRingTable {
  id: string;
  name: string;
}

/** Kiosks that are in another ring than `all`. */
export interface DeviceRingTable {
  device: string;
  ring: RingId;
}

export interface UpdateWindowTable {
  /** Scope. */
  site: string;
  starts: string | null;
  ends: string | null;
}
