import { v4 } from 'uuid';
import { EventList } from '../../../sync/edge/event-list.ts';
import type { EventType, Method, Open, Personal } from '../../../sync/protocol/wire/event.ts';
import { binOf, FEWEST_SCORES } from '../../core/statistics/statistics.ts';
import { seeded } from '../seeded.ts';
import { madeUpPerson } from './names.ts';

/** Input of the demo's events. The same input gives the same events, byte for byte. */
export interface HistoryOptions {
  readonly device: string;
  readonly epoch: string;
  /** The end of the history, which covers the month before it on this machine's calendar. */
  readonly now: Date;
  /** People with a face, enrolled at the demo's other kiosk. */
  readonly recorded: readonly string[];
  readonly seed?: number;
  /** Number of made-up people. */
  readonly people?: number;
  /** How many days before `now` the history begins. */
  readonly days?: number;
}

const MINUTE_MS = 60_000;
/** Least number of made-up people inside at any hour, without which the first page would be empty at night. */
const INSIDE = 5;
/** How the made-up people check in. They have no face: even a made-up template could match a visitor. */
const METHODS = ['number+pin', 'badge', 'qr'] as const satisfies readonly Method[];
/** Who forgets to check out once, and how many working days ago. */
const FORGETS = { person: 2, workingDaysAgo: 3 };
/** Latecomers arrive after this, minutes after midnight; others within the demo's grace period (sync/server/features/demo). */
const LATE = 585;

type Direction = Open<'checkin'>['direction'];

interface Entry {
  readonly at: Date;
  append(list: EventList): void;
}

/**
 * Makes a month of events at a second entrance: a dozen people on working days, some of them late, one forgotten check-out,
 * failed attempts, and a record that someone says is not theirs.
 */
export function demoHistory({
  device,
  epoch,
  now,
  recorded,
  seed = 1,
  people = 12,
  days = 30,
}: HistoryOptions): EventList {
  const random = seeded(seed);
  const bytes = (count: number) => Uint8Array.from({ length: count }, () => Math.floor(random() * 256));
  const uuid = () => v4({ random: bytes(16) });
  const entries: Entry[] = [];
  const add = <T extends EventType>(at: Date, type: T, open: Open<T>, personal: Personal<T>): string => {
    const id = uuid();
    if (at <= now) entries.push({ at, append: (list) => void list.append(type, open, personal, at, id) });
    return id;
  };
  /** Accepted faces that the kiosk has not reported yet. */
  let faces: { readonly score: number; readonly seconds: number }[] = [];
  const last = new Map<string, { readonly at: Date; readonly direction: Direction }>();
  const checkin = (at: Date, person: string, direction: Direction, method: Method): string => {
    if (at <= now) last.set(person, { at, direction });
    const open = { direction, method, liveness: 'not-needed' } as const;
    if (method !== 'face') return add(at, 'checkin', open, { person });
    const size = recorded.length;
    const decision = { liveness: 'off (demo)', model: 'demo', threshold: 0.5 } as const;
    const score = Math.round((0.72 + random() * 0.2) * 1000) / 1000;
    if (at <= now) faces.push({ score, seconds: 1 + (Math.round(score * 1000) % 4) });
    return add(
      at,
      'checkin',
      { ...open, ...decision, gallery: { people: size, templates: size } },
      { person, score, second: null },
    );
  };

  const first = clock(now, days + 1, 9 * 60);
  const staff = Array.from({ length: people }, (_, i) => {
    const person = uuid();
    const method = METHODS[i % METHODS.length]!;
    add(first, 'person', { change: 'added' }, { person, ...madeUpPerson(i), number: String(2001 + i) });
    const bearer = { id: uuid(), hash: Buffer.from(bytes(32)).toString('base64url') };
    if (method !== 'number+pin') add(first, 'credential', { kind: 'card', change: 'issued' }, { person, bearer });
    return { person, method: method as Method };
  });
  const everybody = [...staff, ...recorded.map((person) => ({ person, method: 'face' as Method }))];

  for (let daysAgo = days; daysAgo >= 0; daysAgo--) {
    if (!isWorkingDay(now, daysAgo)) continue;
    for (const [i, { person, method }] of everybody.entries()) {
      const forgets = i === FORGETS.person && daysAgo === workingDay(now, FORGETS.workingDaysAgo);
      // People in the footage check in themselves today.
      if ((random() > 0.92 && !forgets) || (daysAgo === 0 && method === 'face')) continue;
      const came = random() < 0.08 ? LATE + random() * 65 : 455 + random() * 95;
      // Someone without their badge uses their number.
      const by = () => (method !== 'face' && random() < 0.08 ? 'number+pin' : method);
      checkin(clock(now, daysAgo, came), person, 'in', by());
      if (random() < 0.3) {
        checkin(clock(now, daysAgo, 720 + random() * 40), person, 'out', by());
        checkin(clock(now, daysAgo, 775 + random() * 20), person, 'in', by());
      }
      if (!forgets) checkin(clock(now, daysAgo, came + 450 + random() * 90), person, 'out', by());
    }
    const failed = { 'guide.too-dark': 1, 'guide.too-far': 2, 'other-method.unknown': 1, 'refused.pin-wrong': 1 };
    const detail: Record<string, number> = Object.fromEntries(
      Object.entries(failed).map(([name, most]) => [name, Math.round(random() * most)]),
    );
    if (faces.length >= FEWEST_SCORES) {
      const counted = Map.groupBy(
        faces.flatMap(({ score, seconds }) => [`score.${binOf(score)}`, `wait.${seconds}`]),
        (name) => name,
      );
      for (const [name, all] of counted) detail[name] = all.length;
      faces = [];
    }
    const since = clock(now, daysAgo, 8 * 60).toISOString();
    add(clock(now, daysAgo, 18 * 60), 'health', { code: 'statistics', detail: { since, ...detail, queue: 0 } }, {});
  }

  const disputed = recorded[0] ?? staff[0]!.person;
  const at = clock(now, workingDay(now, 1), 14 * 60 + 5);
  const target = checkin(at, disputed, 'in', recorded[0] ? 'face' : 'badge');
  add(new Date(at.getTime() + 20_000), 'void', { target, reason: 'not-me' }, { person: disputed });

  const away = staff.filter(({ person }) => last.get(person)?.direction !== 'in');
  for (const { person, method } of away.slice(0, Math.max(0, INSIDE - (staff.length - away.length)))) {
    const since = now.getTime() - (15 + random() * 90) * MINUTE_MS;
    checkin(new Date(Math.max(since, last.get(person)?.at.getTime() ?? 0)), person, 'in', method);
  }

  const list = new EventList({ device, epoch, bootId: 'demo', salt: () => bytes(16) });
  for (const entry of entries.sort((a, b) => a.at.getTime() - b.at.getTime())) entry.append(list);
  return list;
}

/** Returns a moment on a day before `now`, given in minutes after its midnight. */
const clock = (now: Date, daysAgo: number, minutes: number): Date =>
  new Date(now.getFullYear(), now.getMonth(), now.getDate() - daysAgo, 0, 0, 0, Math.round(minutes * MINUTE_MS));

const isWorkingDay = (now: Date, daysAgo: number): boolean => ![0, 6].includes(clock(now, daysAgo, 720).getDay());

/** Returns how many days ago the n-th working day before today was. */
function workingDay(now: Date, n: number): number {
  let daysAgo = 0;
  for (let left = n; left > 0; ) if (isWorkingDay(now, ++daysAgo)) left -= 1;
  return daysAgo;
}
