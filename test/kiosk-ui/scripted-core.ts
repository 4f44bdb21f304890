import { randomUUID } from 'node:crypto';
import type { Diagnostics } from '../../electron/contract/diagnostics.ts';
import type { EvacuationList } from '../../electron/contract/evacuation.ts';
import type { CoreState } from '../../electron/contract/host.ts';
import type {
  Arrival,
  CoreMethods,
  DuplicateFace,
  Hello,
  Input,
  LookalikeRow,
  MethodName,
  PersonRow,
  Receipt,
  ReviewItem,
  Status,
} from '../../electron/contract/methods.ts';
import type { StaffDeed, StaffRow } from '../../electron/contract/staff.ts';
import type { TechnicianState } from '../../electron/contract/technician.ts';
import { rightsOf } from '../../electron/core/staff/rights.ts';
import { LANGUAGES } from '../../sync/protocol/api/languages.ts';
import { consentText } from '../../sync/protocol/consent-texts.ts';
import { serveScreens } from './serve.ts';

/**
 * A core that answers as a test specifies, over the real connection and with the real headers. The screens' tests use it where
 * they need every answer on demand. It recognises nobody. The end-to-end tests use the real core.
 */
export interface ScriptedCore {
  readonly url: string;
  /** The core's answers; a test replaces those it needs. */
  readonly methods: CoreMethods;
  /** Every call in order, with its input. */
  readonly calls: { method: MethodName; input: unknown }[];
  hello: Hello;
  /** Pictures of an import that wait for review. */
  readonly review: ScriptedReview[];
  /** The kiosk's staff. Empty at first, so the emergency PIN opens Staff. All members have its PIN. */
  staff: StaffRow[];
  /** The log of what staff did here, newest first. */
  readonly deeds: StaffDeed[];
  /** The enrolled person that a new face resembles; null: nobody. */
  duplicate: DuplicateFace | null;
  /** Pairs of lookalikes. */
  readonly pairs: LookalikeRow[];
  /** Calls of one method, with its input's type. */
  callsOf<M extends MethodName>(method: M): Input<M>[];
  setStatus(change: Partial<Status>): void;
  /** Delivers input from a reader at the kiosk. */
  arrive(arrival: Arrival): void;
  /** Ends the core's connections and refuses new ones, until `revive`. */
  kill(state?: Partial<CoreState>): void;
  revive(): void;
  /** Requests of pages for files that don't exist. */
  readonly missing: string[];
  close(): Promise<void>;
}

const SITE: Hello = {
  version: '0.1.0',
  commit: '0123456789abcdef0123456789abcdef01234567',
  site: 'Werk Nord, Eingang West',
  device: '0192f5a0-0000-7000-8000-000000000001',
  languages: [...LANGUAGES],
  defaultLanguage: 'en',
  demo: false,
  undoMs: 8_000,
};

const STATUS: Status = {
  online: true,
  queued: 0,
  oldestQueuedAt: null,
  lastSyncAt: '2026-11-24T08:30:00.000Z',
  storage: 'ok',
  people: 2,
  face: { use: 'alone' },
  checkinMethods: ['face', 'pin', 'qr', 'badge'],
  reader: false,
  liveness: 'standard',
  consentAge: 18,
  privacy: {
    controller: 'Nordwerk Maschinenbau GmbH, Hamburg',
    contact: 'datenschutz@nordwerk.example',
    dpo: 'Dr. Erika Beispiel, dpo@nordwerk.example',
    photoDays: 90,
    gpsDays: 0,
  },
  notices: [],
  settings: {
    site: 'Werk Nord, Eingang West',
    timeZone: 'UTC',
    language: 'en',
    theme: 'auto',
    volume: 100,
    low: false,
  },
  camera: null,
  setup: null,
  update: null,
  watched: false,
};

/** A receipt for the given name. */
export const receiptOf = (name: string, change: Partial<Receipt> = {}): Receipt => ({
  checkin: randomUUID(),
  undo: 'undo-token',
  name,
  language: null,
  direction: 'in',
  at: '2026-11-24T07:31:00.000Z',
  method: 'face',
  liveness: 'passed',
  repeated: false,
  ...change,
});

/** Returns an error that keeps its code over the connection. */
export function coreError(
  code: string,
  params: Record<string, string | number> = {},
  message = code,
  nextStep = '',
): Error {
  return Object.assign(new Error(message), { code, nextStep, params });
}

/** A kiosk with every device connected, but whose GPS is silent. */
export const DIAGNOSTICS: Diagnostics = {
  readers: [
    {
      name: 'Drehkreuz',
      state: 'ok',
      path: '/dev/ttyUSB0',
      trouble: null,
      lastRead: { masked: '••••••••35', secondsAgo: 12 },
      faults: { damaged: 0, checksum: 2, parity: 0, characters: 0, empty: 0 },
    },
  ],
  gps: {
    state: 'silent',
    path: '/dev/ttyACM0',
    trouble: null,
    positions: true,
    fix: null,
    reason: 'stale',
    damaged: 3,
  },
  door: { state: 'ok', path: '/dev/ttyUSB1', trouble: null, mode: 'fail-secure', open: false, secondsAgo: 65 },
  ports: [
    {
      path: '/dev/ttyUSB0',
      byId: '/dev/serial/by-id/usb-FTDI_FT232R_USB_UART_A10KZ3-if00-port0',
      vendorId: '0403',
      productId: '6001',
      manufacturer: 'FTDI',
    },
    {
      path: '/dev/ttyUSB1',
      byId: '/dev/serial/by-id/usb-1a86_USB_Serial-if00-port0',
      vendorId: '1a86',
      productId: '7523',
      manufacturer: '1a86',
    },
    { path: '/dev/ttyS0', byId: null, vendorId: null, productId: null, manufacturer: null },
  ],
  store: { freeBytes: 21_400_000_000, queued: 0, photosWaiting: 0, people: 2 },
  sync: {
    server: 'https://check.nordwerk.example',
    transport: 'mqtt',
    online: true,
    lastHeardAt: '2026-11-24T08:30:00.000Z',
    leaseUntil: '2026-12-24T08:30:00.000Z',
    problem: null,
  },
  clock: { doubt: null, offsetMs: -120 },
};

/** An installed kiosk on its newest build, without problems. */
export const TECHNICIAN: TechnicianState = {
  now: '2026-11-24T08:31:00.000Z',
  build: { version: '0.3.0', commit: '0123456789abcdef0123456789abcdef01234567', host: 'browser' },
  slots: { current: '0.3.0-0123456789ab', previous: '0.2.4-fedcba987654', trial: false },
  uptimeSeconds: 266_400,
  server: {
    address: 'https://check.nordwerk.example',
    online: true,
    lastHeardAt: '2026-11-24T08:30:00.000Z',
    problem: null,
  },
  queued: 0,
  photosWaiting: 0,
  camera: 'ok',
  clock: { offsetMs: -120, doubt: null },
  disk: { free: 21_400_000_000, total: 64_000_000_000 },
  temperature: 51.5,
  offers: { restart: null, reboot: null, update: null, login: null },
  busy: null,
  update: { at: 'none' },
};

const INSIDE = [
  ['Max Mustermann', '1001', '06:58', true],
  ['Maria Müller-Lüdenscheidt', '1002', '07:12', true],
  ['Ayşe Yılmaz', '1014', '07:31', false],
  ['محمد العربي', '1020', '08:02', false],
  ['Jean-Baptiste de la Fontaine-Montmorency', null, '08:40', true],
  ['王小明', '1033', '09:15', false],
] as const;

/** Six people inside, and a kiosk that has not reported for an hour. */
export const EVACUATION: EvacuationList = {
  at: '2026-11-24T11:00:00.000Z',
  since: '2026-11-23T11:00:00.000Z',
  people: INSIDE.map(([name, number, time, here], i) => ({
    person: `0192f5a0-0000-7000-8000-0000000001${String(i).padStart(2, '0')}`,
    name,
    number,
    cameAt: `2026-11-24T${time}:00.000Z`,
    here,
    accountedAt: null,
    accountedBy: null,
  })),
  kiosks: [
    { device: SITE.device, name: 'Eingang West', own: true, knownAsOf: '2026-11-24T11:00:00.000Z', late: false },
    {
      device: '0192f5a0-0000-7000-8000-000000000002',
      name: 'Eingang Ost',
      own: false,
      knownAsOf: '2026-11-24T10:59:41.000Z',
      late: false,
    },
    {
      device: '0192f5a0-0000-7000-8000-000000000003',
      name: 'Laderampe',
      own: false,
      knownAsOf: '2026-11-24T09:52:10.000Z',
      late: true,
    },
  ],
  server: true,
  cutBefore: null,
  startedAt: null,
};

/** A picture waiting for review; `like` and `names` name people of the scripted core. */
export interface ScriptedReview {
  readonly id: string;
  readonly label: string;
  readonly reason: string;
  readonly consent: boolean;
  /** JPEG. */
  readonly picture: Uint8Array;
  readonly names?: readonly string[];
  readonly like?: string;
}

function scriptedReview(all: readonly ScriptedReview[], id: string): ScriptedReview {
  const one = all.find((photo) => photo.id === id);
  if (!one) throw coreError('review-photo-unknown');
  return one;
}

function reviewItem({ id, label, reason, consent, names = [], like }: ScriptedReview, people: PersonRow[]): ReviewItem {
  return {
    id,
    label,
    reason,
    consent,
    addedAt: '2026-11-24T08:00:00.000Z',
    until: '2026-12-08T08:00:00.000Z',
    people: people.filter((p) => names.includes(p.name)),
    duplicate: people.find((p) => p.name === like) ?? null,
    asNew: true,
  };
}

const STAFF_PIN = '2468';
/** The badge of the first member of `STAFF`. */
export const STAFF_BADGE = 'STAFF-0815';
/** Returns a staff log entry. */
const deed = (what: string, by: StaffDeed['by'], o: Partial<StaffDeed> = {}): StaffDeed => ({
  id: randomUUID(),
  at: '2026-11-23T15:04:05.000Z',
  what,
  outcome: 'done',
  by,
  member: null,
  ...o,
});
export const DEEDS: StaffDeed[] = [
  deed('person-deleted', { emergency: false, name: 'Sam Super' }),
  deed('staff-enter', { emergency: true, name: null }),
  deed('staff-enter', null, { outcome: 'refused', member: 'Dora Desk' }),
  deed('something-newer', { emergency: false, name: null }),
  deed('checkin', { emergency: false, name: 'Dora Desk' }),
];

export const STAFF: StaffRow[] = [
  ['0192f5a0-0000-7000-8000-0000000002aa', 'Ayşe Yılmaz', 'desk', 'own'],
  ['0192f5a0-0000-7000-8000-0000000002bb', 'Jean-Baptiste de la Fontaine-Montmorency', 'supervisor', 'own'],
  ['0192f5a0-0000-7000-8000-0000000002cc', 'Jo Meier', 'technician', 'own'],
  ['0192f5a0-0000-7000-8000-0000000002dd', 'محمد العربي', 'desk', 'start'],
].map(
  ([id, name, role, pin], i) =>
    ({ id, name, role, pin, from: i === 1 ? 'server' : 'kiosk', badge: i === 0 }) as StaffRow,
);
const TOKEN = 'T'.repeat(43);
const TECHNICIAN_TOKEN = 'U'.repeat(43);
/** The code that the technician's app currently shows. */
export const TECHNICIAN_CODE = '424242';
/** Codes that the scripted core handles: accepted, expired, and one after which the face must follow. */
export const CODES = { good: 'SP1:GOOD', expired: 'SP1:EXPIRED', face: 'SP1:FACE' } as const;
export const BADGE = '0004711815';
export const CLAIM = 'C'.repeat(32);
/** A code with which Max Mustermann can choose a PIN. */
export const PIN_CODE = '402715938264';
/** The content of a printed card. */
export const CARD = 'SPC1:0123456789ABCDEFGHJKMNPQRS';
const CARD_ID = '0199a1b2-0000-7000-8000-00005c0ffee5';
/** Has the length of a card with templates. */
export const TEMPLATE_CARD = `SPT1:${'0123456789ABCDEFGHJKMNPQRSTVWXYZ'.repeat(4).slice(0, 104)}`;

/** The default answers: nobody is ever recognised, everything else works. */
function plainMethods(core: {
  hello: Hello;
  status: Status;
  review: ScriptedReview[];
  staff: StaffRow[];
  deeds: StaffDeed[];
  duplicate: DuplicateFace | null;
  pairs: LookalikeRow[];
  setStatus: (change: Partial<Status>) => void;
}): CoreMethods {
  const people: {
    id: string;
    name: string;
    number: string | null;
    hasPin: boolean;
    templates: number;
    cards: number;
  }[] = [
    { id: randomUUID(), name: 'Max Mustermann', number: '1001', hasPin: true, templates: 4, cards: 1 },
    { id: randomUUID(), name: 'Maria Müller-Lüdenscheidt', number: '1002', hasPin: false, templates: 4, cards: 0 },
  ];
  /** People due for re-enrolment, with the reason. Re-enrolling removes them. */
  const again = new Map<string, string>(people.map((p, i) => [p.id, i === 0 ? 'score-falls' : 'of-age']));
  const row = (p: (typeof people)[number]) => ({ ...p, enrolledAt: '2026-10-02T09:00:00.000Z' });
  let enrolling: {
    id: string;
    name: string;
    number: string | null;
    hasPin: boolean;
    remaining: string[];
    /** Set if the person was enrolled before. */
    known?: { templates: number };
  } | null = null;
  const poses = ['front', 'left', 'right', 'front-again'];
  const evacuation = structuredClone(EVACUATION);
  const staff = (token: string): void => {
    if (token !== TOKEN) throw coreError('staff-locked');
  };
  const technician = (token: string): void => {
    if (token !== TECHNICIAN_TOKEN) throw coreError('staff-locked');
  };
  return {
    hello: async () => core.hello,
    status: async () => core.status,
    screenState: async () => ({}),
    screenPicture: async () => ({}),
    setupJoin: async () => ({}),
    setupRetry: async () => ({}),
    setupStaffPin: async () => ({}),
    setupAlone: async () => ({}),
    setupStartOver: async () => ({}),
    visitBegin: async () => ({ visit: randomUUID() }),
    visitEnd: async () => ({}),
    probe: async () => ({ kind: 'more', progress: 0.4 }),
    visitFace: async () => ({ face: 'same' }),
    voidCheckin: async () => ({}),
    checkinByPin: async ({ number, pin }) => {
      if (number === '1001' && pin === PIN_CODE) throw coreError('pin-choose');
      if (number !== '1001' || pin !== '8642') throw coreError('pin-wrong');
      return { receipt: receiptOf('Max Mustermann', { method: 'number+pin', liveness: 'not-needed' }) };
    },
    pinChoose: async ({ number, code, pin }) => {
      if (number !== '1001' || code !== PIN_CODE) throw coreError('pin-wrong');
      if (/^(\d)\1+$/.test(pin)) throw coreError('pin-weak');
      return { receipt: receiptOf('Max Mustermann', { method: 'number+pin', liveness: 'not-needed' }) };
    },
    codeRead: async ({ code }) => {
      if (code === CODES.expired) throw coreError('code-expired');
      if (code === CODES.face) return { kind: 'face', claim: CLAIM };
      if (code !== CODES.good) throw coreError('code-unknown');
      return { kind: 'welcome', receipt: receiptOf('Max Mustermann', { method: 'qr', liveness: 'not-needed' }) };
    },
    badgeRead: async ({ badge }) => {
      if (badge !== BADGE) throw coreError('badge-unknown');
      return { kind: 'welcome', receipt: receiptOf('Max Mustermann', { method: 'badge', liveness: 'not-needed' }) };
    },
    staffCheckin: async ({ token, person, direction }) => {
      staff(token);
      const name = people.find((p) => p.id === person)?.name;
      if (!name) throw coreError('person-unknown');
      return { receipt: receiptOf(name, { method: 'manual', direction, liveness: 'not-needed' }) };
    },
    consentText: async ({ language }) => {
      const { paragraphs, ...text } = consentText(language, core.status.privacy, core.status.privacy.photoDays);
      return { ...text, paragraphs: [...paragraphs] };
    },
    staffMembers: async () => ({
      members: core.staff.map(({ id, name, role, pin }) => ({ id, name, role, pin: pin !== 'none' })),
      now: '2026-11-24T08:31:00.000Z',
    }),
    staffListen: async () => ({}),
    staffUnlock: async ({ member: id, pin, badge, code, newPin }) => {
      const member = badge === STAFF_BADGE ? core.staff[0] : core.staff.find((one) => one.id === id);
      if (badge !== undefined && !member) throw coreError('badge-unknown');
      if (badge === undefined && pin !== STAFF_PIN) throw coreError('pin-wrong');
      if (member?.role === 'technician' && code === undefined)
        throw coreError('staff-code-needed', { member: member.id, name: member.name });
      if (member?.role === 'technician' && code !== TECHNICIAN_CODE) throw coreError('pin-wrong');
      if (member?.pin === 'start' && newPin === undefined)
        throw coreError('staff-pin-choose', { member: member.id, name: member.name });
      const role = member?.role ?? null;
      return {
        token: role === 'technician' ? TECHNICIAN_TOKEN : TOKEN,
        expiresAt: '2099-01-01T00:00:00.000Z',
        member: member ? { id: member.id, name: member.name, role: member.role } : null,
        alerted: member === undefined && core.staff.length > 0,
        may: rightsOf(role),
      };
    },
    staffLock: async () => ({}),
    staffList: async ({ token }) => {
      staff(token);
      return { staff: core.staff };
    },
    staffLog: async ({ token }) => {
      staff(token);
      return { deeds: core.deeds };
    },
    staffAdd: async ({ token, name, role, pin, badge }) => {
      staff(token);
      if (core.staff.some((one) => one.name === name)) throw coreError('staff-exists');
      const member = {
        id: randomUUID(),
        name,
        role,
        from: 'kiosk',
        pin: pin === null ? 'none' : 'own',
        badge: badge !== null,
      } as const;
      core.staff.push(member);
      return { member };
    },
    staffReset: async ({ token }) => {
      staff(token);
      return { staff: core.staff };
    },
    staffRemove: async ({ token, member }) => {
      staff(token);
      core.staff = core.staff.filter(({ id }) => id !== member);
      return { staff: core.staff };
    },
    staffSealPin: async ({ token }) => {
      staff(token);
      return { pin: '58204617' };
    },
    enrolBegin: async ({ token, name, number, pin, person }) => {
      staff(token);
      const known = people.find((p) => p.id === person);
      if (known) {
        enrolling = { ...known, known, remaining: [...poses] };
        return { enrolment: randomUUID(), poses };
      }
      if (number !== null && people.some((p) => p.number === number)) throw coreError('number-taken');
      enrolling = { id: randomUUID(), name, number, hasPin: pin !== null, remaining: [...poses] };
      return { enrolment: enrolling.id, poses };
    },
    enrolCapture: async ({ token }) => {
      staff(token);
      const pose = enrolling!.remaining.shift() ?? poses[0]!;
      return {
        accepted: true,
        reason: null,
        pose,
        remaining: [...enrolling!.remaining],
        progress: 1 - enrolling!.remaining.length / poses.length,
      };
    },
    enrolFinish: async ({ token }) => {
      staff(token);
      const { id, name, number, hasPin, known } = enrolling!;
      const person = { id, name, number, hasPin, templates: (known?.templates ?? 0) + poses.length, cards: 0 };
      again.delete(id);
      if (known) known.templates = person.templates;
      else people.push(person);
      return { person: row(person) };
    },
    enrolByNumber: async ({ token, name, number }) => {
      staff(token);
      if (people.some((p) => p.number === number)) throw coreError('number-taken');
      const person = { id: randomUUID(), name, number, hasPin: true, templates: 0, cards: 0 };
      people.push(person);
      return { person: row(person) };
    },
    enrolCancel: async () => {
      enrolling = null;
      return {};
    },
    peopleFind: async ({ token, query }) => {
      staff(token);
      const q = query.toLowerCase();
      return { people: people.filter((p) => p.name.toLowerCase().startsWith(q) || p.number?.startsWith(q)).map(row) };
    },
    reenrolments: async ({ token }) => {
      staff(token);
      return { people: people.flatMap((p) => (again.has(p.id) ? [{ person: row(p), reason: again.get(p.id)! }] : [])) };
    },
    reviewCount: async ({ token }) => {
      staff(token);
      return { count: core.review.length };
    },
    reviewList: async ({ token }) => {
      staff(token);
      return { photos: core.review.map((one) => reviewItem(one, people.map(row))), count: core.review.length };
    },
    reviewShow: async ({ token, photo }) => {
      staff(token);
      const { picture } = scriptedReview(core.review, photo);
      return { picture: new Uint8Array(picture), face: [0.3, 0.2, 0.4, 0.5] };
    },
    reviewAccept: async ({ token, photo, person }) => {
      staff(token);
      const { label, consent } = scriptedReview(core.review, photo);
      if (!consent) throw coreError('consent-missing');
      const known = people.find((p) => p.id === person);
      if (person !== null && !known) throw coreError('person-unknown');
      core.review.splice(0, core.review.length, ...core.review.filter((one) => one.id !== photo));
      if (known) {
        known.templates++;
        return { person: row(known) };
      }
      const made = { id: randomUUID(), name: label, number: null, hasPin: false, templates: 1, cards: 0 };
      people.push(made);
      return { person: row(made) };
    },
    reviewDuplicate: async ({ token }) => {
      staff(token);
      return core.duplicate ?? Promise.reject(coreError('duplicate-none'));
    },
    enrolDuplicate: async ({ token }) => {
      staff(token);
      return core.duplicate ?? Promise.reject(coreError('duplicate-none'));
    },
    lookalikeCount: async ({ token }) => {
      staff(token);
      return { count: core.pairs.length, unseen: core.pairs.filter(({ reason }) => reason === 'not-me').length };
    },
    lookalikeList: async ({ token }) => {
      staff(token);
      return { pairs: core.pairs, mayRemove: true };
    },
    lookalikeRemove: async ({ token, ids }) => {
      staff(token);
      core.pairs.splice(0, core.pairs.length, ...core.pairs.filter((one) => one.ids.join() !== ids.join()));
      return {};
    },
    reviewRefuse: async ({ token, photo }) => {
      staff(token);
      scriptedReview(core.review, photo);
      core.review.splice(0, core.review.length, ...core.review.filter((one) => one.id !== photo));
      return {};
    },
    cardIssue: async ({ token, person, replace }) => {
      staff(token);
      const whose = people.find((p) => p.id === person);
      if (!whose) throw coreError('person-unknown');
      whose.cards = (replace ? 0 : whose.cards) + 1;
      return { card: { id: CARD_ID, name: whose.name, number: whose.number, text: CARD }, person: row(whose) };
    },
    cardRevoke: async ({ token, person }) => {
      staff(token);
      const whose = people.find((p) => p.id === person);
      const revoked = whose?.cards ?? 0;
      if (whose) whose.cards = 0;
      return { revoked };
    },
    personSetPin: async ({ token }) => {
      staff(token);
      return {};
    },
    personDelete: async ({ token, person }) => {
      staff(token);
      people.splice(
        people.findIndex((p) => p.id === person),
        1,
      );
      return {};
    },
    diagnostics: async ({ token }) => {
      if (token !== TECHNICIAN_TOKEN) staff(token);
      return structuredClone(DIAGNOSTICS);
    },
    doorTest: async ({ token }) => {
      if (token !== TECHNICIAN_TOKEN) staff(token);
      return {};
    },
    cameraChoose: async ({ token, camera }) => {
      if (token !== TECHNICIAN_TOKEN) staff(token);
      core.setStatus({ camera });
      return {};
    },
    evacuationOpen: async ({ token }) => {
      staff(token);
      return structuredClone(evacuation);
    },
    evacuationList: async ({ token }) => {
      staff(token);
      return structuredClone(evacuation);
    },
    evacuationBegin: async ({ token }) => {
      staff(token);
      evacuation.startedAt = evacuation.at;
      return structuredClone(evacuation);
    },
    evacuationAccount: async ({ token, person, accounted }) => {
      staff(token);
      for (const one of evacuation.people)
        if (one.person === person)
          Object.assign(one, {
            accountedAt: accounted ? '2026-11-24T11:07:00.000Z' : null,
            accountedBy: accounted ? { where: 'here', name: '' } : null,
          });
      return {};
    },
    evacuationEnd: async ({ token }) => {
      staff(token);
      evacuation.startedAt = null;
      for (const one of evacuation.people) Object.assign(one, { accountedAt: null, accountedBy: null });
      return {};
    },
    printing: async ({ token, after }) => {
      staff(token);
      return { printer: 'ready', trouble: null, newest: 7, job: after === null ? null : 'printed' };
    },
    technicianState: async ({ token }) => {
      technician(token);
      return structuredClone(TECHNICIAN);
    },
    technicianDo: async ({ token }) => {
      technician(token);
      return {};
    },
  };
}

/** Marks people, by their index in the list, as if someone else had. It shows when the list is next refreshed. */
export function marked(
  core: ScriptedCore,
  marks: Readonly<Record<number, NonNullable<EvacuationList['people'][number]['accountedBy']>>>,
): void {
  const before = core.methods.evacuationList;
  core.methods.evacuationList = async (input) => {
    const list = await before(input);
    for (const [i, accountedBy] of Object.entries(marks))
      Object.assign(list.people[Number(i)]!, { accountedAt: '2026-11-24T11:06:00.000Z', accountedBy });
    return list;
  };
}

/**
 * Serves the built screens and a scripted core on loopback.
 *
 * @param dist holds `renderer` and `models`
 */
export async function startScriptedCore(dist: string): Promise<ScriptedCore> {
  const state = {
    hello: structuredClone(SITE),
    status: structuredClone(STATUS),
    review: [] as ScriptedReview[],
    staff: [] as StaffRow[],
    deeds: [] as StaffDeed[],
    duplicate: null as DuplicateFace | null,
    pairs: [] as LookalikeRow[],
    setStatus(change: Partial<Status>): void {
      Object.assign(state.status, change);
      served.signal('status', state.status);
    },
  };
  let down: CoreState | null = null;
  const calls: ScriptedCore['calls'] = [];
  const methods = plainMethods(state);
  const recorded = new Proxy(methods, {
    get: (all, name: MethodName) => async (input: never) => {
      calls.push({ method: name, input });
      return (all[name] as (i: never) => Promise<unknown>)(input);
    },
  });
  const served = await serveScreens(dist, recorded, () => down);
  return {
    url: served.url,
    methods,
    calls,
    missing: served.missing,
    get staff() {
      return state.staff;
    },
    set staff(next) {
      state.staff = next;
    },
    get hello() {
      return state.hello;
    },
    set hello(next) {
      state.hello = next;
      // As in the real core: what is not set for this kiosk is taken from its site.
      state.status.settings = { ...state.status.settings, site: next.site, language: next.defaultLanguage };
    },
    review: state.review,
    pairs: state.pairs,
    deeds: state.deeds,
    get duplicate() {
      return state.duplicate;
    },
    set duplicate(next) {
      state.duplicate = next;
    },
    callsOf: (method) => calls.filter((c) => c.method === method).map((c) => c.input) as never,
    setStatus: state.setStatus,
    arrive: (arrival) => served.signal('arrival', arrival),
    kill(change = {}) {
      down = { state: 'restarting', code: null, message: '', nextStep: '', ...change };
      served.drop();
    },
    revive() {
      down = null;
    },
    close: () => served.close(),
  };
}
