import type { CameraCondition } from '../../contract/methods.ts';
import type { Store } from '../store/interface.ts';
import type { PortState } from './serial/kept-port.ts';

export type DeviceKind = 'reader' | 'gps' | 'door';
export type DeviceState = PortState | 'held';

export interface DeviceHealth {
  readonly kind: DeviceKind;
  readonly name: string;
  readonly state: DeviceState;
}

/** State of the camera, if someone has to act: shown on the screen and reported. */
export interface CameraHealth {
  readonly kind: 'camera';
  readonly name: 'camera';
  readonly state: Exclude<CameraCondition, PassingCondition>;
}

/** Camera states not worth reporting: it is not needed, has just started, or is covered by a hand or darkness. */
type PassingCondition = 'off' | 'starting' | 'covered';

/** Returns the camera state if it is worth reporting, which temporary states are not. */
export const cameraHealth = (condition: CameraCondition): readonly CameraHealth[] =>
  condition === 'off' || condition === 'starting' || condition === 'covered'
    ? []
    : [{ kind: 'camera', name: 'camera', state: condition }];

/** A state must last this long before it is reported, ms: a plug being wiggled is not worth a report. */
const STEADY_MS = 5_000;
/** Minimum interval between reports per device, ms. */
const EVERY_MS = 60_000;

/** Settings key of the state last reported to the server; no entry means `ok`. */
const reportKey = ({ kind, name }: { readonly kind: string; readonly name: string }): string =>
  `device-reported/${kind}/${name}`;

/**
 * Notifies the server of devices that fail and recover, as `health` events with code `device`: once per lasting change, across
 * restarts, and only if the disk has space for it.
 */
export function createDeviceReporter(
  store: {
    readonly settings: Pick<Store['settings'], 'get'>;
    readonly events: Pick<Store['events'], 'reportIfSpace'>;
  },
  monotonic: () => number,
): (devices: readonly (DeviceHealth | CameraHealth)[]) => void {
  const seen = new Map<string, { state: string; since: number; reportedAt: number }>();
  return (devices) => {
    const now = monotonic();
    for (const device of devices) {
      const key = reportKey(device);
      const before = seen.get(key) ?? { state: device.state, since: now, reportedAt: Number.NEGATIVE_INFINITY };
      const entry = before.state === device.state ? before : { ...before, state: device.state, since: now };
      seen.set(key, entry);
      if (now - entry.since < STEADY_MS || now - entry.reportedAt < EVERY_MS) continue;
      if ((store.settings.get(key) ?? 'ok') === device.state) continue;
      const { kind, name, state } = device;
      if (store.events.reportIfSpace('device', { kind, name, state }, { [key]: state }))
        seen.set(key, { ...entry, reportedAt: now });
    }
  };
}

/** Returns the codes of lasting conditions for the screen, e.g. `reader-absent`; each once. */
export const deviceNotices = (devices: readonly DeviceHealth[]): string[] => [
  ...new Set(devices.filter(({ state }) => state !== 'ok').map(({ kind, state }) => `${kind}-${state}`)),
];
