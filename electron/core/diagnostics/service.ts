import type { Diagnostics } from '../../contract/diagnostics.ts';
import type { CoreMethods } from '../../contract/methods.ts';
import type { DeviceReport, Devices } from '../devices/devices.ts';
import type { Retention } from '../retention/retention.ts';
import type { StaffService } from '../staff/service.ts';
import { CHOSEN_CAMERA } from '../status/status.ts';
import { freeBytes } from '../status/storage.ts';
import type { Store } from '../store/interface.ts';
import type { SyncReport } from '../sync/report.ts';

export interface DiagnosticsDeps {
  readonly home: string;
  readonly store: Pick<Store, 'deviceState' | 'events' | 'outbox' | 'people' | 'settings'>;
  readonly devices: () => Devices;
  /** null if there is no connection to a server. */
  readonly sync: () => SyncReport | null;
  readonly retention: Pick<Retention, 'now' | 'doubt'>;
  readonly wall: () => number;
  readonly staff: Pick<StaffService, 'require'>;
  readonly changed: () => void;
}

/** Staff's view of a kiosk's devices, store and sync, the door's test pulse, and the choice of a camera. */
export function createDiagnostics(
  deps: DiagnosticsDeps,
): Pick<CoreMethods, 'diagnostics' | 'doorTest' | 'cameraChoose'> {
  const { store, staff } = deps;
  return {
    async diagnostics({ token }) {
      staff.require(token);
      const report = await deps.devices().report();
      const sync = deps.sync();
      return {
        readers: report.readers.map(({ lastRead, ...reader }) => ({
          ...reader,
          lastRead: lastRead && { masked: lastRead.masked, secondsAgo: lastRead.ageMs / 1000 },
        })),
        gps: report.gps && gpsOf(report.gps, deps.devices().positions),
        door: report.door && doorOf(report.door),
        ports: report.ports.map(({ path, byId, vendorId, productId, manufacturer }) => ({
          path,
          byId,
          vendorId,
          productId,
          manufacturer,
        })),
        store: {
          freeBytes: freeBytes(deps.home),
          queued: store.outbox.count(),
          photosWaiting: store.outbox.photosWaiting(),
          people: store.people.count(),
        },
        sync: {
          server: sync?.server ?? null,
          transport: sync?.transport ?? null,
          online: sync?.online ?? false,
          lastHeardAt: sync?.lastHeardAt ?? null,
          leaseUntil: sync?.leaseUntil ?? null,
          problem: sync?.problem?.code ?? null,
        },
        clock: { doubt: deps.retention.doubt(), offsetMs: Math.round(deps.retention.now() - deps.wall()) },
      };
    },

    async doorTest({ token }) {
      staff.require(token);
      await deps.devices().testDoor();
      // A door was opened without a check-in: reported, like everything that staff does.
      store.events.append({ type: 'health', open: { code: 'door-tested', detail: {} }, personal: {} });
      return {};
    },

    async cameraChoose({ token, camera }) {
      staff.require(token);
      store.events.append({ type: 'health', open: { code: 'camera-chosen', detail: {} }, personal: {} });
      store.settings.set(CHOSEN_CAMERA, camera ?? '');
      deps.changed();
      return {};
    },
  };
}

const doorOf = ({ sinceMs, ...door }: NonNullable<DeviceReport['door']>): Diagnostics['door'] => ({
  ...door,
  secondsAgo: sinceMs === null ? null : sinceMs / 1000,
});

type GpsReport = NonNullable<DeviceReport['gps']>;

function gpsOf({ state, path, trouble, fix }: GpsReport, positions: boolean): Diagnostics['gps'] {
  return {
    state,
    path,
    trouble,
    positions,
    fix: fix.fix && {
      latitude: hundredMetres(fix.fix.latitude),
      longitude: hundredMetres(fix.fix.longitude),
      accuracy: fix.fix.accuracy,
      satellites: fix.fix.satellites,
      hdop: fix.fix.hdop,
      secondsAgo: (fix.ageMs ?? 0) / 1000,
    },
    reason: fix.trouble,
    damaged: fix.damaged,
  };
}

const hundredMetres = (degrees: number): number => Math.round(degrees * 1000) / 1000;
