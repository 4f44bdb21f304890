import type { Status } from '../../contract/methods.ts';
import { faceUse } from '../checkin/faces.ts';
import type { Recogniser } from '../checkin/recogniser.ts';
import type { LivenessTrial } from '../checkin/trial.ts';
import { shownSettings } from '../fleet/settings.ts';
import type { Retention } from '../retention/retention.ts';
import type { Runtime } from '../runtime.ts';
import { photoDaysShown, type SiteConfig } from '../site/config.ts';
import { consentAgeOf, wantsLight } from '../site/policy.ts';
import { EMERGENCY_USED } from '../staff/emergency.ts';
import type { Store } from '../store/interface.ts';
import { storageState } from './storage.ts';

/** Setting: name of the camera that was chosen for this kiosk; empty for none. */
export const CHOSEN_CAMERA = 'camera';

export interface StatusParts {
  readonly store: Pick<Store, 'outbox' | 'people' | 'settings'>;
  readonly home: string;
  readonly site: SiteConfig;
  readonly recogniser: Recogniser;
  readonly retention: Retention;
  readonly runtime: Runtime;
  readonly offered: () => Status['checkinMethods'];
  /** True if the device's secret is in a file beside the store. */
  readonly secretInFile: boolean;
  readonly screen: { notices(): readonly string[] };
  readonly trial: Pick<LivenessTrial, 'active'>;
  readonly setup: { state(): Status['setup'] };
  /** When the server last acknowledged records, including before this start. */
  readonly lastAckAt: () => string | null;
}

export function statusOf(parts: StatusParts): () => Status {
  const { store, home, site, recogniser, retention, runtime, secretInFile, screen, trial, setup, lastAckAt } = parts;
  return () => {
    const line = runtime.uplink?.status();
    const away = runtime.uplink?.turnedAway();
    const { devices, faceOff, updates } = runtime;
    return {
      online: line?.online ?? false,
      queued: store.outbox.count(),
      oldestQueuedAt: store.outbox.oldestAt(),
      // A server that has acknowledged before is unreachable, not one that has yet to be joined.
      lastSyncAt: line?.lastSyncAt ?? lastAckAt(),
      storage: storageState(home),
      people: store.people.count(),
      face: faceUse(recogniser),
      checkinMethods: parts.offered(),
      reader: devices.reads(),
      liveness: site.liveness,
      consentAge: consentAgeOf(runtime.policy),
      privacy: { ...site.privacy, photoDays: photoDaysShown(site), gpsDays: devices.positions ? site.gpsDays : 0 },
      notices: [
        ...runtime.missing,
        ...(secretInFile ? ['device-secret-in-file'] : []),
        ...(retention.doubt() ? [`clock-${retention.doubt()}`] : []),
        ...devices.notices(),
        ...screen.notices(),
        ...(trial.active() ? ['liveness-trial'] : []),
        ...(faceOff ? [faceOff.code] : []),
        ...(wantsLight(runtime.policy) && site.liveness !== 'off' && runtime.light.drowned() ? ['light-drowned'] : []),
        // Problems that only the server's operator can solve, although the server answers. Attendance continues.
        ...(line?.online && line.problem ? [line.problem.code] : []),
        ...(away ? [away.code] : []),
        ...(updates?.fallback ? ['build-fallback'] : []),
        ...(store.settings.get(EMERGENCY_USED) ? ['emergency-pin-used'] : []),
      ],
      camera: store.settings.get(CHOSEN_CAMERA) || null,
      settings: shownSettings(runtime.settings.config, site),
      setup: runtime.fleet?.leaving() ?? setup.state(),
      update: updates?.notice() ?? null,
      watched: runtime.fleet?.watched() ?? false,
    };
  };
}
