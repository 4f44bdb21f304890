import type { Problem } from '../../../sync/protocol/wire/problem.ts';
import type { Status } from '../../contract/methods.ts';
import { faceUse } from '../checkin/faces.ts';
import type { Recogniser } from '../checkin/recogniser.ts';
import type { Devices } from '../devices/devices.ts';
import { type DeviceSettings, shownSettings } from '../fleet/settings.ts';
import type { Retention } from '../retention/scheduler.ts';
import { photoDaysShown, type SiteConfig } from '../site/config.ts';
import type { Store } from '../store/interface.ts';
import type { Uplink } from '../sync/link.ts';
import { storageState } from './storage.ts';

/** What the status is asked of; what comes and goes while the core runs is asked each time. */
export interface StatusParts {
  readonly store: Pick<Store, 'outbox' | 'people'>;
  readonly home: string;
  readonly site: SiteConfig;
  readonly recogniser: Recogniser;
  readonly retention: Retention;
  readonly settings: DeviceSettings;
  readonly offered: () => Status['checkinMethods'];
  /** The device's secret is in a file beside the store. */
  readonly secretInFile: boolean;
  /** What the screen says of itself. */
  readonly screen: () => readonly string[];
  /** Notices of the parts that the kiosk goes on without. */
  readonly missing: ReadonlySet<string>;
  readonly consentAge: () => Status['consentAge'];
  /** Why no face is used although the models work; null: faces are used. */
  readonly faceOff: () => Problem | null;
  readonly uplink: () => Uplink | null;
  readonly devices: () => Devices;
  /** This is the build before, since the present one could not be started. */
  readonly fallback: () => boolean;
  readonly update: () => Status['update'];
  readonly setup: () => Status['setup'];
  /** The emergency PIN was used, and no new one is sealed yet. */
  readonly emergencyUsed: () => boolean;
}

/** What every screen is shown of the kiosk's state, reread at each call. */
export function statusOf(parts: StatusParts): () => Status {
  const { store, home, site, recogniser, retention, settings, secretInFile, missing } = parts;
  return () => {
    const line = parts.uplink()?.status();
    const away = parts.uplink()?.turnedAway();
    const devices = parts.devices();
    const faceOff = parts.faceOff();
    return {
      online: line?.online ?? false,
      queued: store.outbox.count(),
      oldestQueuedAt: store.outbox.oldestAt(),
      lastSyncAt: line?.lastSyncAt ?? null,
      storage: storageState(home),
      people: store.people.count(),
      face: faceUse(recogniser),
      checkinMethods: parts.offered(),
      reader: devices.reads(),
      liveness: site.liveness,
      consentAge: parts.consentAge(),
      privacy: { ...site.privacy, photoDays: photoDaysShown(site), gpsDays: devices.positions ? site.gpsDays : 0 },
      notices: [
        ...missing,
        ...(secretInFile ? ['device-secret-in-file'] : []),
        ...(retention.doubt() ? [`clock-${retention.doubt()}`] : []),
        ...devices.notices(),
        ...parts.screen(),
        ...(faceOff ? [faceOff.code] : []),
        // What is wrong although the server answers, and what only its operator changes: attendance goes on.
        ...(line?.online && line.problem ? [line.problem.code] : []),
        ...(away ? [away.code] : []),
        ...(parts.fallback() ? ['build-fallback'] : []),
        ...(parts.emergencyUsed() ? ['emergency-pin-used'] : []),
      ],
      settings: shownSettings(settings.config, site),
      setup: parts.setup(),
      update: parts.update(),
    };
  };
}
