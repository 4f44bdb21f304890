import type { Inventory } from '../../sync/protocol/wire/fleet.ts';
import { facesOrOff, logUnfit, whileFilling } from './checkin/faces.ts';
import { recogniserWhile } from './checkin/recogniser.ts';
import { createClaims } from './checkin-methods/claims.ts';
import { cameraHealth, createDeviceReporter } from './devices/health.ts';
import { cameraDoubt } from './fleet/camera-doubt.ts';
import { collectInventory, thisMachine } from './fleet/inventory.ts';
import { createScreenBook } from './fleet/screen.ts';
import type { CoreOptions } from './interface.ts';
import { DEVICE_PURPOSES } from './keys/derive.ts';
import type { OpenKiosk } from './open-kiosk.ts';
import { createPinGuard } from './pin/guard.ts';
import { createPersonPins, readPeppers } from './pin/person-pins.ts';
import { numberSubjects } from './pin/subjects.ts';
import { startRetention } from './retention/retention.ts';
import { emptyGallery, followRoster } from './roster/gallery.ts';
import { Runtime } from './runtime.ts';
import { governed } from './site/policy.ts';
import { EMERGENCY_USED } from './staff/emergency.ts';
import { idsOfServer } from './staff/members.ts';
import { createStaffRecords } from './staff/records.ts';
import { createStaffService } from './staff/service.ts';
import { createActivity } from './status/activity.ts';
import { createStatusHub } from './status/hub.ts';
import { SCHEMA } from './store/migrations.ts';
import { startKioskSync } from './sync/kiosk-sync.ts';
import { COMMIT, VERSION } from './version.ts';

const PAUSED = { 'every-face': 'number and face', 'every-number': 'number and PIN', 'every-badge': 'badges' } as const;

export type Base = ReturnType<typeof open>;
export type Identity = Awaited<ReturnType<typeof identify>>;
export type Faces = Awaited<ReturnType<typeof recognise>>;

export const monotonic = () => performance.now();

/** Phase 1: the store with its maintenance, and the shared state that everything else reports to. */
export function open(kiosk: OpenKiosk, options: CoreOptions, opened: AsyncDisposableStack) {
  const { log, demo } = options;
  const { store, home, keys } = kiosk;
  const runtime = new Runtime(kiosk, log);
  const site = governed(
    kiosk.site,
    () => runtime.policy,
    demo ? 'off' : undefined,
    () => runtime.settings.config,
  );
  const retention = startRetention({ store, site, log });
  opened.defer(() => retention.stop());
  const hub = createStatusHub(log);
  const reportCamera = createDeviceReporter(store, monotonic);
  return {
    kiosk,
    store,
    home,
    keys,
    options,
    opened,
    log,
    runtime,
    site,
    retention,
    now: retention.now,
    hub,
    screen: createScreenBook(
      (camera) => reportCamera(cameraHealth(camera)),
      hub.refresh,
      (camera) => cameraDoubt(camera, site.virtualCamera),
      monotonic,
    ),
    activity: createActivity(monotonic),
    changed() {
      runtime.uplink?.nudge();
      hub.refresh();
    },
  };
}

/** Phase 2: who people are. PINs, staff, and how often either may be tried. */
export async function identify({ kiosk, store, keys, now, changed, log }: Base) {
  const pins = await kiosk.pins();
  const personPins = createPersonPins(pins, () => readPeppers(store.roster.pinPeppers));
  const guard = createPinGuard({
    store,
    now,
    paused: (ms, budget) => log('warn', `many failures with different numbers: ${PAUSED[budget]} pause`, { ms }),
  });
  const records = createStaffRecords({ store, changed, log });
  const staff = createStaffService({
    store,
    pins,
    memberPins: personPins,
    guard,
    records,
    now,
    monotonic,
    wall: Date.now,
  });
  const blind = keys.subkey(DEVICE_PURPOSES.lockout);
  return {
    pins,
    personPins,
    guard,
    records,
    staff,
    blind,
    subjects: numberSubjects(blind),
    claims: createClaims(monotonic),
  };
}

/** Phase 3: models and gallery. `recogniser` is the part that may be used now. */
export async function recognise({ kiosk, log, runtime, hub }: Base) {
  const { recogniser: loaded, filled } = await facesOrOff(kiosk, log);
  const filling = await whileFilling(filled, log, hub.refresh);
  return { loaded, recogniser: recogniserWhile(loaded, () => runtime.faceOff ?? filling()) };
}

/** Phase 4: the connection to the server. Returns a function that collects this kiosk's inventory, as reported there. */
export async function sync(base: Base, { loaded }: Faces): Promise<() => Inventory> {
  const { store, home, opened, log, runtime, retention, hub, screen, options } = base;
  const startedAt = monotonic();
  const machine = thisMachine();
  const collect = () =>
    collectInventory(
      {
        version: VERSION,
        commit: COMMIT ?? '',
        host: options.host ?? 'browser',
        embedder: loaded.off ? null : loaded.model,
        camera: screen.state().camera,
        clockOffsetMs: retention.now() - Date.now(),
        queued: store.outbox.count(),
        photosWaiting: store.outbox.photosWaiting(),
        storeSchema: SCHEMA,
        configRevision: runtime.settings.revision,
        configProblem: runtime.settings.problem,
        slots: runtime.updates?.slots(),
        staff: idsOfServer(store),
        emergencyPinUsedAt: store.settings.get(EMERGENCY_USED) || undefined,
        cameraDoubt: screen.state().cameraDoubt,
        screenMayGoDark: screen.state().dark,
        noScreen: screen.missing() || undefined,
        updateHeld: runtime.updates?.held(),
        uptimeSeconds: (monotonic() - startedAt) / 1000,
      },
      machine,
      home,
    );
  try {
    const started = await startKioskSync({
      store,
      retention,
      log,
      inventory: collect,
      onStatus: hub.refresh,
      applied(outcome) {
        runtime.applied(outcome);
        logUnfit(followRoster(loaded, store, outcome), log);
      },
      dropped: () => emptyGallery(loaded, store),
    });
    opened.defer(() => started.stop());
    runtime.sync = started;
  } catch (error) {
    runtime.without('server-link', error);
  }
  return collect;
}
