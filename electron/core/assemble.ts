import { randomInt } from 'node:crypto';
import { leeway } from '../../models/rules/decision.ts';
import { createChallenge, startLiveness } from '../../models/rules/liveness/liveness.ts';
import { Problem } from '../../sync/protocol/wire/problem.ts';
import { facesOrOff, logUnfit } from './checkin/faces.ts';
import { recogniserWhile } from './checkin/recogniser.ts';
import { createCheckinService } from './checkin/service.ts';
import { createArrivals } from './checkin-methods/arrivals.ts';
import { createClaims } from './checkin-methods/claims.ts';
import { offeredMethods, onlyOffered } from './checkin-methods/offered.ts';
import { createCredentialCheckin } from './checkin-methods/service.ts';
import type { CommandContext } from './command.ts';
import { STORE_COMMANDS } from './commands/all.ts';
import { startControl } from './control/server.ts';
import { type Devices, NO_DEVICES, startDevices } from './devices/devices.ts';
import { sealedPlaces } from './devices/gps/places.ts';
import { cameraHealth, createDeviceReporter } from './devices/health.ts';
import { systemPorts } from './devices/serial/system-ports.ts';
import { createDiagnostics } from './diagnostics/service.ts';
import { createCardService } from './enrolment/cards.ts';
import { createLookalikes } from './enrolment/lookalikes.ts';
import { createReview } from './enrolment/review.ts';
import { createEnrolmentService } from './enrolment/service.ts';
import { createEvacuation } from './evacuation/service.ts';
import { attachFleet, type FleetController } from './fleet/attach.ts';
import { collectInventory, thisMachine } from './fleet/inventory.ts';
import { createScreenBook } from './fleet/screen.ts';
import { createSettings } from './fleet/settings.ts';
import type { Core, CoreOptions } from './interface.ts';
import { createSetup, type KioskSetup } from './joining/setup.ts';
import { DEVICE_PURPOSES } from './keys/derive.ts';
import type { Left } from './leaving/leave.ts';
import type { OpenKiosk } from './open-kiosk.ts';
import { createPinGuard } from './pin/guard.ts';
import { createPersonPins, readPeppers } from './pin/person-pins.ts';
import { numberSubjects } from './pin/subjects.ts';
import { createPrinting, cupsSocket } from './printing/service.ts';
import { startRetention } from './retention/scheduler.ts';
import { emptyGallery, followRoster } from './roster/gallery.ts';
import {
  consentAgeOf,
  facesForbidden,
  governed,
  methodsOf,
  readIssuers,
  readPolicy,
  templatesOnCards,
  wantsFace,
} from './site/policy.ts';
import { EMERGENCY_USED } from './staff/emergency.ts';
import { idsOfServer, knownStaff } from './staff/members.ts';
import { createStaffRecords } from './staff/records.ts';
import { mayDo } from './staff/rights.ts';
import { createStaffScreen } from './staff/screen.ts';
import { createStaffService } from './staff/service.ts';
import { createStatistics, startStatistics } from './statistics/statistics.ts';
import { createActivity } from './status/activity.ts';
import { createStatusHub } from './status/hub.ts';
import { statusOf } from './status/status.ts';
import { storageState } from './status/storage.ts';
import { SCHEMA } from './store/migrations.ts';
import { type KioskSync, startKioskSync } from './sync/kiosk-sync.ts';
import { readServerLink } from './sync/link.ts';
import { createStorageReporter } from './sync/storage-report.ts';
import { attachTechnician } from './technician/attach.ts';
import { attachUpdates } from './update/attach.ts';
import type { UpdateKeeper } from './update/keeper.ts';
import { COMMIT, VERSION } from './version.ts';

/** How often standing conditions (disk, queue) are looked at without an event, ms. */
const STATUS_MS = 5_000;

/** What pauses when a budget is spent, for the log. */
const PAUSED = { 'every-face': 'number and face', 'every-number': 'number and PIN', 'every-badge': 'badges' } as const;

/** 0 ≤ x < 1 from the system's generator: a challenge that can be foreseen can be prepared for. */
const unpredictable = () => randomInt(2 ** 32) / 2 ** 32;

/**
 * Wires the services of an open kiosk to the contract.
 *
 * @param opened what was started is put here, to be ended in reverse order
 * @param gone called when nothing of the kiosk is left: from then on another core answers
 * @throws Problem `home-not-demo`
 */
export async function assemble(
  kiosk: OpenKiosk,
  options: CoreOptions,
  opened: AsyncDisposableStack,
  gone: (left: Left) => Promise<void>,
): Promise<Core> {
  const { demo, log, again, host = 'browser' } = options;
  if (demo && !kiosk.site.demo) {
    throw new Problem(
      'home-not-demo',
      'this data folder belongs to a real kiosk',
      'Leave --demo out, or give the demo another folder: SMARTPRESENCE_HOME=/some/other/folder (Electron: --home=/some/other/folder).',
    );
  }
  const { store, home, keys } = kiosk;
  let policy = readPolicy(store.roster.policy);
  const settings = createSettings({ store, site: kiosk.site });
  const site = governed(
    kiosk.site,
    () => policy,
    demo ? 'off' : undefined,
    () => settings.config,
  );
  let sync: KioskSync | null = null;
  let setup: KioskSetup | null = null;
  let devices: Devices = NO_DEVICES;
  let updates: UpdateKeeper | null = null;
  let fleet: FleetController | null = null;
  const loaded = await facesOrOff(kiosk, log);
  const faceOffNow = () => facesForbidden(policy) ?? sync?.faceOff() ?? null;
  const recogniser = recogniserWhile(loaded, faceOffNow);
  const samePerson = { straight: loaded.calibration.verification, turned: leeway(loaded.calibration).turned };
  let issuers = readIssuers(store.roster.issuers);
  const siteMethods = () => methodsOf(policy);
  const offered = () => offeredMethods(policy, { face: recogniser.off === null, ownCodes: issuers.length > 0 });
  const pins = await kiosk.pins();
  const personPins = createPersonPins(pins, () => readPeppers(store.roster.pinPeppers));
  const retention = startRetention({ store, site, log });
  opened.defer(() => retention.stop());

  // Neither the line to the server nor the operator's socket is needed to let people in: without them the kiosk goes on,
  // and says so.
  const missing = new Set<string>();
  const without = (notice: string, error: unknown): null => {
    log('error', `core: goes on without ${notice}`, { error });
    missing.add(`${notice}-missing`);
    return null;
  };
  const hub = createStatusHub(
    log,
    statusOf({
      store,
      home,
      site,
      recogniser,
      retention,
      settings,
      offered,
      secretInFile: keys.secretInFile,
      missing,
      consentAge: () => consentAgeOf(policy),
      faceOff: faceOffNow,
      uplink: () => sync?.uplink ?? null,
      devices: () => devices,
      screen: () => screen.notices(),
      fallback: () => updates?.fallback ?? false,
      update: () => updates?.notice() ?? null,
      setup: () => fleet?.leaving() ?? setup?.state() ?? null,
      emergencyUsed: () => Boolean(store.settings.get(EMERGENCY_USED)),
    }),
  );
  const changed = () => {
    sync?.uplink.nudge();
    hub.refresh();
  };

  const reportCamera = createDeviceReporter(store, () => performance.now());
  const screen = createScreenBook((camera) => reportCamera(cameraHealth(camera)), hub.refresh);
  const startedAt = performance.now();
  const inventory = {
    home,
    machine: thisMachine(),
    build: { version: VERSION, commit: COMMIT },
    host,
    embedder: () => (loaded.off ? null : loaded.model),
    camera: () => screen.state().camera,
    clockOffset: () => retention.now() - Date.now(),
    queued: () => store.outbox.count(),
    photosWaiting: () => store.outbox.photosWaiting(),
    storeSchema: SCHEMA,
    config: () => settings,
    slots: () => updates?.slots(),
    staff: () => idsOfServer(store),
    emergencyPinUsedAt: () => store.settings.get(EMERGENCY_USED) || null,
    screenMayGoDark: () => screen.state().dark,
    uptime: () => (performance.now() - startedAt) / 1000,
  };

  try {
    const started = await startKioskSync({
      store,
      retention,
      log,
      inventory: () => collectInventory(inventory),
      onStatus: hub.refresh,
      applied(outcome) {
        policy = outcome.policy ?? policy;
        issuers = readIssuers(store.roster.issuers);
        settings.take();
        fleet?.look();
        logUnfit(followRoster(loaded.gallery, loaded.model, outcome), log);
      },
      dropped: () => emptyGallery(loaded.gallery, store),
    });
    opened.defer(() => started.stop());
    sync = started;
  } catch (error) {
    without('server-link', error);
  }
  const monotonic = () => performance.now();
  const activity = createActivity(monotonic);
  const guard = createPinGuard({
    store,
    now: retention.now,
    paused: (ms, budget) => log('warn', `many failures with many numbers: ${PAUSED[budget]} pause`, { ms }),
  });
  const records = createStaffRecords({ store, changed, log });
  const staff = createStaffService({
    store,
    pins,
    memberPins: personPins,
    guard,
    records,
    now: retention.now,
    monotonic,
    wall: Date.now,
  });
  const context: CommandContext = {
    home,
    store,
    site,
    async faces() {
      const { pipeline } = await kiosk.faces();
      return { pipeline, recogniser };
    },
    pins: kiosk.pins,
    changed,
    keys,
    restart: again ? () => again({ browser: false }) : null,
    updates: () => updates,
    ...(sync && { sync: () => sync!.report(), relink: (change: () => void) => sync!.relink(change) }),
  };
  const firstRun = createSetup({
    context,
    pins,
    checkPin: async (pin) => void (await staff.checkPin(pin)),
    wall: Date.now,
    onState: hub.refresh,
    joined: () => again?.({ browser: false }),
    log,
  });
  setup = firstRun;
  opened.defer(() => firstRun.stop());
  const control = await startControl({ context, staff, commands: STORE_COMMANDS, log }).catch((error: unknown) =>
    without('control-socket', error),
  );
  if (control) opened.defer(() => control.close());
  const reportStorage = createStorageReporter(store);
  const ticker = setInterval(() => {
    reportStorage(storageState(home));
    hub.refresh();
  }, STATUS_MS);
  opened.defer(() => clearInterval(ticker));

  const blind = keys.subkey(DEVICE_PURPOSES.lockout);
  const subjects = numberSubjects(blind);
  const claims = createClaims(monotonic);
  const overruling = {
    mayOverrule: (token: string) => mayDo(staff.require(token).member?.role ?? null, 'overruleDuplicate'),
    actor: (token: string) => staff.require(token).actor,
  };
  const nameOf = (member: string) => knownStaff(store).find(({ id }) => id === member)?.name ?? null;
  const enrolment = createEnrolmentService({
    store,
    recogniser,
    pins: personPins,
    subjects,
    staff,
    site,
    consentTexts: () => policy?.consentTexts ?? [],
    forbidden: () => facesForbidden(policy),
    onCards: () => templatesOnCards(policy),
    consentAge: () => consentAgeOf(policy),
    now: retention.now,
    monotonic,
    ...overruling,
    changed,
  });
  const lookalikes = createLookalikes({ store, staff, nameOf, ...overruling, changed });
  const cards = createCardService({
    store,
    staff,
    offered: siteMethods,
    withFace: () => wantsFace(policy, 'badge'),
    onCards: () => templatesOnCards(policy),
    changed,
  });
  const review = createReview({
    store,
    recogniser,
    staff,
    forbidden: () => facesForbidden(policy),
    onCards: () => templatesOnCards(policy),
    ...overruling,
    changed,
    log,
  });
  const statistics = createStatistics();
  const { admit, ...counted } = createCheckinService({
    store,
    recogniser,
    pins: personPins,
    guard,
    subjects,
    claims,
    site,
    now: retention.now,
    demo,
    ...(sync && { elsewhere: sync.presence.last }),
    monotonic,
    liveness: {
      begin: () => createChallenge(unpredictable),
      start: (challenge) => startLiveness(challenge, { samePerson }),
    },
    wall: Date.now,
    log,
    voided: changed,
    place: sealedPlaces({
      device: store.device,
      position: () => devices.position(),
      key: () => sync?.uplink.sealingKey() ?? null,
      log,
    }),
    admitted: (admission) => devices.admitted(admission),
    recorded(record, person) {
      // Names go to a terminal in the demo alone: a real kiosk's log names nobody.
      log('info', 'check-in', {
        direction: record.direction,
        method: record.method,
        liveness: record.liveness,
        score: record.score,
        ...(demo ? { name: person.name } : {}),
      });
      statistics.recorded(record);
      changed();
    },
  });
  const checkin = statistics.around(counted);
  opened.defer(
    startStatistics(statistics, {
      pending: () => store.outbox.count(),
      append: (detail) => store.events.append({ type: 'health', open: { code: 'statistics', detail }, personal: {} }),
      wall: Date.now,
      failed: (error) => log('error', 'what was counted could not be kept', { error }),
    }),
  );

  const credentials = createCredentialCheckin({
    store,
    guard,
    staff,
    claims,
    admit,
    offered: siteMethods,
    withFace: (way) => wantsFace(policy, way),
    faceOff: () => recogniser.off,
    model: () => recogniser,
    issuers: () => issuers,
    now: retention.now,
    blind,
  });

  if (site.devices) {
    const arrive = createArrivals(credentials, (arrival) => hub.push('arrival', arrival), log);
    try {
      devices = await startDevices({
        config: site.devices,
        ports: systemPorts,
        store,
        monotonic,
        log,
        onBadge(badge) {
          if (fleet?.leaving()) return; // it lets nobody in any more
          activity.note();
          if (staff.listens()) hub.push('arrival', { kind: 'badge', badge });
          else void arrive(badge);
        },
        onTime: retention.observeGpsTime,
        onStatus: hub.refresh,
      });
      opened.defer(() => devices.stop());
    } catch (error) {
      without('devices', error);
    }
  }
  updates = await attachUpdates({
    slots: options.slots,
    end: options.end,
    kiosk,
    store,
    opened,
    log,
    monotonic,
    now: retention.now,
    idleMs: activity.idleMs,
    camera: () => screen.pictures(),
    faces: () => recogniser.off === null,
    line: () => sync?.uplink ?? null,
    changed: hub.refresh,
  }).catch((error: unknown) => without('updates', error));
  const fleetController = attachFleet({
    home,
    ...(again && { again }),
    ...(options.end && { end: options.end }),
    log,
    store,
    site: kiosk.site,
    now: retention.now,
    monotonic,
    nudge: () => sync?.uplink.nudge(),
    transport: () => sync?.uplink.transport() ?? null,
    onState: hub.refresh,
    gone,
  });
  fleet = fleetController;
  opened.defer(() => fleetController.stop());
  const evacuation = createEvacuation({
    store,
    site,
    server: () => readServerLink(store) !== null,
    now: retention.now,
    staff,
    changed,
    log,
  });
  const printing = createPrinting({ staff, socket: cupsSocket(process.env, process.platform), log });
  const report = () => sync?.report() ?? null;
  const technician = attachTechnician({
    ...options,
    store,
    staff,
    records,
    retention,
    monotonic,
    inventory: () => collectInventory(inventory),
    sync: report,
    updates: () => updates,
  });
  opened.defer(() => technician.stop());
  opened.defer(() => staff.endSession());
  const diagnostics = createDiagnostics({
    home,
    store,
    devices: () => devices,
    sync: report,
    retention,
    wall: Date.now,
    staff,
  });

  /**
   * What the screen before had half done is dropped: its look at someone, its staff session with an enrolment in it.
   */
  const leave = () => {
    screen.gone();
    staff.endSession();
    checkin
      .visitBegin({})
      .catch((error: unknown) => log('error', 'core: what the screen had begun could not be dropped', { error }));
  };

  return {
    onSignal: hub.onSignal,
    leave,
    close: () => opened.disposeAsync(),
    methods: activity.around(
      staff.guarded({
        async hello() {
          leave(); // a reloaded page starts over
          return {
            version: VERSION,
            commit: COMMIT,
            site: site.site,
            device: store.device,
            languages: site.languages,
            defaultLanguage: site.defaultLanguage,
            demo,
            undoMs: site.undoSeconds * 1000,
          };
        },
        async status() {
          return hub.current();
        },
        ...onlyOffered(checkin, siteMethods),
        ...credentials.methods,
        ...staff.methods,
        ...createStaffScreen({ store, records, pins, memberPins: personPins }),
        ...enrolment,
        ...cards,
        ...review,
        ...lookalikes,
        ...diagnostics,
        ...technician.methods,
        ...evacuation,
        ...printing,
        ...firstRun.methods,
        ...screen.methods,
      }),
    ),
  };
}
