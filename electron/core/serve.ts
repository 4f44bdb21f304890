import { randomInt } from 'node:crypto';
import { createChallenge, type LivenessStrength } from '../../models/rules/liveness/challenge.ts';
import { drawSequence } from '../../models/rules/liveness/light/sequence.ts';
import { startLight } from '../../models/rules/liveness/light/session.ts';
import { startLiveness } from '../../models/rules/liveness/liveness.ts';
import type { Inventory } from '../../sync/protocol/wire/fleet.ts';
import { withVeto } from './checkin/liveness-check.ts';
import { createCheckinService } from './checkin/service.ts';
import { createLivenessTrial } from './checkin/trial.ts';
import { createArrivals } from './checkin-methods/arrivals.ts';
import { offeredMethods, onlyOffered } from './checkin-methods/offered.ts';
import { createCredentialCheckin } from './checkin-methods/service.ts';
import type { CommandContext } from './command.ts';
import { STORE_COMMANDS } from './commands/all.ts';
import { startControl } from './control/server.ts';
import { startDevices } from './devices/devices.ts';
import { sealedPlaces } from './devices/gps/places.ts';
import { systemPorts } from './devices/serial/system-ports.ts';
import { createDiagnostics } from './diagnostics/service.ts';
import { createCardService } from './enrolment/cards.ts';
import { createLookalikes } from './enrolment/lookalikes.ts';
import { createReview } from './enrolment/review.ts';
import { createEnrolmentService } from './enrolment/service.ts';
import { createEvacuation } from './evacuation/service.ts';
import { attachFleet } from './fleet/attach.ts';
import type { Core } from './interface.ts';
import { createSetup } from './joining/setup.ts';
import type { Left } from './leaving/leave.ts';
import { type Base, type Faces, type Identity, monotonic } from './phases.ts';
import { createPrinting, cupsSocket } from './printing/service.ts';
import {
  consentAgeOf,
  facesForbidden,
  mayWatchScreen,
  methodsOf,
  templatesOnCards,
  wantsFace,
  wantsLight,
} from './site/policy.ts';
import { knownStaff } from './staff/members.ts';
import { createStaffScreen } from './staff/screen.ts';
import { createStatistics, startStatistics } from './statistics/statistics.ts';
import { statusOf } from './status/status.ts';
import { createStorageReporter, storageState } from './status/storage.ts';
import { readServerLink } from './sync/link.ts';
import { readLastAck } from './sync/outbox-of.ts';
import { attachTechnician } from './technician/attach.ts';
import { attachUpdates } from './update/attach.ts';
import { COMMIT, VERSION } from './version.ts';

/** How often lasting conditions (disk, queue) are checked without an event, ms. */
const STATUS_MS = 5_000;

/** 0 ≤ x < 1 from the system's generator: a predictable challenge could be prepared for. */
const unpredictable = () => randomInt(2 ** 32) / 2 ** 32;

/** Phase 5: serves every request from screens, the control socket, devices and the server. */
export async function serve(
  base: Base,
  identity: Identity,
  faces: Faces,
  inventory: () => Inventory,
  removed: (left: Left) => Promise<void>,
): Promise<Core> {
  const { kiosk, options, opened, store, home, log, runtime, site, retention, hub, screen, activity, changed } = base;
  const { pins, personPins, records, staff } = identity;
  const { recogniser } = faces;
  /** The results of the earlier phases, under the names that services expect. */
  const parts = { ...base, ...identity, recogniser, monotonic, wall: Date.now };
  const { demo, restart } = options;
  const line = runtime.sync;
  const startCheck = (strength: LivenessStrength) =>
    withVeto(startLiveness(createChallenge(unpredictable, strength), recogniser.calibration), recogniser.passive);
  const light = {
    wanted: () => wantsLight(runtime.policy),
    start: () => startLight(drawSequence(unpredictable), recogniser.calibration),
    reach: runtime.light,
  };
  const trial = createLivenessTrial({ recogniser, startLiveness: startCheck, light, monotonic, changed: hub.refresh });
  opened.defer(() => trial.end());
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
    keys: base.keys,
    restart: restart ? () => restart({ browser: false }) : null,
    busy: options.busy,
    updates: () => runtime.updates,
    trial,
    ...(line && { sync: () => line.report(), relink: (change: () => void) => line.relink(change) }),
  };
  const setup = createSetup({
    ...parts,
    context,
    checkPin: async (pin) => void (await staff.checkPin(pin)),
    onState: hub.refresh,
    joined: () => restart?.({ browser: false }),
  });
  opened.defer(() => setup.stop());
  const control = await startControl({ context, staff, commands: STORE_COMMANDS, log }).catch((error: unknown) =>
    runtime.without('control-socket', error),
  );
  if (control) opened.defer(() => control.close());
  const reportStorage = createStorageReporter(store);
  const ticker = setInterval(() => {
    reportStorage(storageState(home));
    hub.refresh();
  }, STATUS_MS);
  opened.defer(() => clearInterval(ticker));

  const siteMethods = () => methodsOf(runtime.policy);
  const offered = () =>
    offeredMethods(runtime.policy, { face: recogniser.off === null, ownCodes: runtime.issuers.length > 0 });
  const policies = {
    forbidden: () => facesForbidden(runtime.policy),
    onCards: () => templatesOnCards(runtime.policy),
    consentAge: () => consentAgeOf(runtime.policy),
    consentTexts: () => runtime.policy?.consentTexts ?? [],
  };
  const nameOf = (member: string) => knownStaff(store).find(({ id }) => id === member)?.name ?? null;
  const enrolment = createEnrolmentService({ ...parts, pins: personPins, ...policies });
  const statistics = createStatistics(() => performance.now());
  const { admit, ...counted } = createCheckinService({
    ...parts,
    pins: personPins,
    demo,
    elsewhere: (person) => line?.presence.last(person) ?? null,
    startLiveness: startCheck,
    light,
    voided: changed,
    place: sealedPlaces({
      device: store.device,
      position: () => runtime.devices.position(),
      key: () => runtime.uplink?.sealingKey() ?? null,
      log,
    }),
    admitted: (admission) => runtime.devices.admitted(admission),
    recorded(record, person) {
      // Only the demo prints names to the terminal: a real kiosk's log names nobody.
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
  const checkin = trial.around(statistics.around(counted));
  opened.defer(
    startStatistics(statistics, {
      pending: () => store.outbox.count(),
      append: (detail) => store.events.append({ type: 'health', open: { code: 'statistics', detail }, personal: {} }),
      wall: Date.now,
      failed: (error) => log('error', 'the counters could not be saved', { error }),
    }),
  );
  const credentials = createCredentialCheckin({
    ...parts,
    admit,
    offered: siteMethods,
    withFace: (method) => wantsFace(runtime.policy, method),
    faceOff: () => recogniser.off,
    model: () => recogniser,
    issuers: () => runtime.issuers,
  });

  // Last, everything that acts on its own.
  if (site.devices) {
    const arrive = createArrivals(credentials, (arrival) => hub.push('arrival', arrival), log);
    try {
      const devices = await startDevices({
        ...parts,
        config: site.devices,
        ports: systemPorts,
        onBadge(badge) {
          if (runtime.fleet?.leaving()) return; // it admits nobody any more
          activity.note();
          if (staff.listens()) hub.push('arrival', { kind: 'badge', badge });
          else void arrive(badge);
        },
        onTime: retention.observeGpsTime,
        onStatus: hub.refresh,
      });
      opened.defer(() => devices.stop());
      runtime.devices = devices;
    } catch (error) {
      runtime.without('devices', error);
    }
  }
  runtime.updates = await attachUpdates({
    ...parts,
    slots: options.slots,
    end: options.end,
    idleMs: activity.idleMs,
    unusedMs: activity.unusedMs,
    zone: () => site.timeZone,
    camera: () => screen.pictures(),
    faces: () => recogniser.off === null,
    line: () => runtime.uplink,
    changed: hub.refresh,
  }).catch((error: unknown) => runtime.without('updates', error));
  const fleet = attachFleet({
    ...options,
    ...parts,
    site: kiosk.site,
    nudge: () => runtime.uplink?.nudge(),
    transport: () => runtime.uplink?.transport() ?? null,
    onState: hub.refresh,
    maySeeScreen: () => mayWatchScreen(runtime.policy),
    removed,
  });
  opened.defer(() => fleet.stop());
  runtime.fleet = fleet;
  const report = () => line?.report() ?? null;
  const technician = attachTechnician({
    ...options,
    ...parts,
    inventory,
    sync: report,
    updates: () => runtime.updates,
  });
  opened.defer(() => technician.stop());
  opened.defer(() => staff.endSession());
  const lastAckAt = () => readLastAck(store)?.serverTime ?? null;
  hub.start(statusOf({ ...parts, offered, secretInFile: base.keys.secretInFile, trial, setup, lastAckAt }));

  /** Drops what the previous screen had half done: its visit, and its staff session with an enrolment in it. */
  const leave = () => {
    screen.disconnected();
    staff.endSession();
    checkin
      .visitBegin({})
      .catch((error: unknown) => log('error', 'core: what the screen had started could not be cancelled', { error }));
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
        ...createCardService({
          ...parts,
          offered: siteMethods,
          withFace: () => wantsFace(runtime.policy, 'badge'),
          ...policies,
        }),
        ...createReview({ ...parts, ...policies }),
        ...createLookalikes({ ...parts, nameOf }),
        ...createDiagnostics({ ...parts, devices: () => runtime.devices, sync: report, changed: hub.refresh }),
        ...technician.methods,
        ...createEvacuation({ ...parts, server: () => readServerLink(store) !== null }),
        ...createPrinting({ ...parts, socket: cupsSocket(process.env, process.platform) }),
        ...setup.methods,
        ...screen.methods,
        ...fleet.methods,
      }),
    ),
  };
}
