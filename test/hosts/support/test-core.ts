import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { EvacuationList } from '../../../electron/contract/evacuation.ts';
import type { CoreMethods, Signal, SignalName } from '../../../electron/contract/methods.ts';
import type { StartCore } from '../../../electron/core/interface.ts';
import { Problem } from '../../../sync/errors/problem.ts';

const ID = '01890a5d-ac96-774b-bcce-b302099a8057';
const empty = () => Promise.resolve({});

/** PINs that make the test core misbehave. */
export const PINS = {
  fails: '100001',
  refuses: '100002',
  dies: '100003',
  wrongShape: '100004',
  waits: '100005',
  good: '100006',
  restarts: '100007',
} as const;

export const STATUS: Signal<'status'> = {
  online: false,
  queued: 3,
  oldestQueuedAt: null,
  lastSyncAt: null,
  storage: 'ok',
  people: 2,
  face: { use: 'alone' },
  checkinMethods: ['face', 'pin', 'qr', 'badge'],
  reader: false,
  liveness: 'off',
  consentAge: 18,
  privacy: { controller: '', contact: '', dpo: '', photoDays: 1, gpsDays: 0 },
  notices: [],
  settings: { site: 'Test', timeZone: 'UTC', language: 'en', theme: 'auto', volume: 100, low: false },
  setup: null,
  camera: null,
  update: null,
  watched: false,
};

const EVACUATION: EvacuationList = {
  at: '2026-11-24T12:00:00.000Z',
  since: '2026-11-23T12:00:00.000Z',
  people: [],
  kiosks: [],
  server: false,
  cutBefore: null,
  startedAt: null,
};

/** Methods of a core without faces or store, to test their transport. */
export function testMethods(
  pushStatus: () => void = () => undefined,
  onHello: () => void = () => undefined,
  restart: () => void = () => undefined,
): CoreMethods {
  const frames = { probes: 0 };
  return {
    hello: async () => {
      onHello();
      return {
        version: '0',
        commit: '0123456789abcdef0123456789abcdef01234567',
        site: 'Test',
        device: ID,
        languages: ['en'],
        defaultLanguage: 'en',
        demo: true,
        undoMs: 1,
      };
    },
    status: async () => STATUS,
    screenState: empty,
    screenPicture: empty,
    setupJoin: empty,
    setupRetry: empty,
    setupStaffPin: empty,
    setupAlone: empty,
    setupStartOver: empty,
    visitBegin: async () => {
      pushStatus();
      return { visit: ID };
    },
    visitEnd: empty,
    probe: async ({ frame }) => {
      frames.probes += 1;
      return { kind: 'more', progress: frame.picture.data[0]! / 255 };
    },
    visitFace: async () => ({ face: 'same' }),
    voidCheckin: empty,
    checkinByPin: async () => {
      throw new Problem('pin-wrong');
    },
    consentText: async ({ language }) => ({ version: '1', language, title: '', paragraphs: [] }),
    staffUnlock: async ({ pin }) => {
      if (pin === PINS.fails) throw new Error('a secret path: /home/kiosk/key');
      if (pin === PINS.refuses)
        throw Object.assign(new Problem('pin-locked', { seconds: 30 }), { params: { seconds: 30 } });
      if (pin === PINS.dies) process.kill(process.pid, 'SIGKILL');
      if (pin === PINS.wrongShape) return { token: 'short', expiresAt: 'never', member: null, alerted: false, may: [] };
      if (pin === PINS.restarts) restart();
      if (pin === PINS.waits) await setTimeout(100);
      return {
        token: 'A'.repeat(43),
        expiresAt: '2030-01-01T00:00:00.000Z',
        member: null,
        alerted: false,
        may: [],
      };
    },
    staffMembers: async () => ({ members: [], now: '2030-01-01T00:00:00.000Z' }),
    staffListen: empty,
    staffLock: empty,
    staffList: async () => ({ staff: [] }),
    staffLog: async () => ({ deeds: [] }),
    staffAdd: over,
    staffReset: async () => ({ staff: [] }),
    staffRemove: async () => ({ staff: [] }),
    staffSealPin: async () => ({ pin: '58204617' }),
    enrolBegin: async () => ({ enrolment: ID, poses: [] }),
    enrolCapture: async () => ({ accepted: false, reason: null, pose: 'front', remaining: [], progress: 0 }),
    enrolFinish: async () => {
      throw new Problem('duplicate-face', { name: 'Mira' });
    },
    enrolByNumber: async () => {
      throw new Problem('number-taken');
    },
    enrolCancel: empty,
    reviewCount: async () => ({ count: 0 }),
    reviewList: async () => ({ photos: [], count: 0 }),
    reviewShow: over,
    reviewAccept: over,
    reviewDuplicate: over,
    enrolDuplicate: over,
    lookalikeCount: async () => ({ count: 0, unseen: 0 }),
    lookalikeList: async () => ({ pairs: [], mayRemove: false }),
    lookalikeRemove: empty,
    reviewRefuse: empty,
    peopleFind: async () => ({ people: [] }),
    personSetPin: empty,
    pinChoose: async () => {
      throw new Problem('pin-wrong');
    },
    reenrolments: async () => ({ people: [] }),
    cardIssue: async () => {
      throw new Problem('person-unknown');
    },
    cardRevoke: async () => ({ revoked: 0 }),
    personDelete: empty,
    codeRead: async () => {
      throw new Problem('code-unknown');
    },
    badgeRead: async () => {
      throw new Problem('badge-unknown');
    },
    staffCheckin: async () => {
      throw new Problem('person-unknown');
    },
    diagnostics: async () => ({
      readers: [],
      gps: null,
      door: null,
      ports: [],
      store: { freeBytes: 0, queued: 0, photosWaiting: 0, people: 0 },
      sync: { server: null, transport: null, online: false, lastHeardAt: null, leaseUntil: null, problem: null },
      clock: { doubt: null, offsetMs: 0 },
    }),
    doorTest: empty,
    cameraChoose: empty,
    evacuationOpen: async () => EVACUATION,
    evacuationList: async () => EVACUATION,
    evacuationBegin: async () => EVACUATION,
    evacuationAccount: empty,
    evacuationEnd: empty,
    printing: async () => ({ printer: 'none', trouble: null, newest: 0, job: null }),
    technicianState: over,
    technicianDo: over,
  };
}

async function over(): Promise<never> {
  throw new Problem('staff-locked');
}

/** A core that hosts can start. Waits while its home has a file named `slow`, and fails if it has one named `refuse`. */
export const startTestCore: StartCore = async ({ home, deviceSecret, demo, log, end, restart }) => {
  while (existsSync(join(home, 'slow'))) await setTimeout(10);
  if (existsSync(join(home, 'refuse'))) throw new Problem('store-wrong-key');
  if (existsSync(join(home, 'crash'))) throw new Error('no code, no sentence');
  const listeners = new Set<(name: SignalName, data: Signal<SignalName>) => void>();
  log('info', 'test core started', { secret: deviceSecret?.byteLength ?? null, demo });
  return {
    methods: testMethods(
      () => {
        for (const listener of listeners) listener('status', STATUS);
      },
      () => log('info', 'test core: a screen said hello'),
      () => (end ? end('technician-asked') : restart?.({ browser: true })),
    ),
    leave: () => undefined,
    onSignal(listener) {
      listeners.add(listener as (name: SignalName, data: Signal<SignalName>) => void);
      return () => listeners.delete(listener as (name: SignalName, data: Signal<SignalName>) => void);
    },
    close: async () => undefined,
  };
};
