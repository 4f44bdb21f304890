import { randomUUID } from 'node:crypto';
import { v7 } from 'uuid';
import type { EventType, Open, Personal, WireEvent } from '../../sync/protocol/wire/event.ts';
import { AT_ELSEWHERE, type Person, type Relation, type TwoSites } from './two-sites.ts';

/**
 * Every kind of event that a kiosk can send, and its required outcome by the person's relation to the kiosk. A kind of the wire
 * without a row here, or a change without one, fails the suite.
 */

/** The required outcome: how the event is received, which tables it changes, and what is then sent to which kiosk. */
export interface Expected {
  /** `taken`; `no effect`: it is only added to the log; otherwise the code with which it is quarantined. */
  readonly verdict: string;
  /** Tables, in alphabetical order. */
  readonly changes: readonly string[];
  /** `kiosk: kinds`. */
  readonly sends: readonly string[];
  /** Why it has no effect. */
  readonly why?: string;
}

export interface Row {
  readonly kind: EventType;
  /** Which change within the kind. */
  readonly what: string;
  /** Makes the event at the kiosk. */
  readonly say: (world: TwoSites, person: Person) => WireEvent;
  readonly expected: (relation: Relation) => Expected;
}

const taken = (changes: string, sends: readonly string[] = []): Expected => ({
  verdict: 'taken',
  changes: changes === '' ? [] : changes.split(' '),
  sends,
});
const nothing = (why: string): Expected => ({ verdict: 'no effect', changes: [], sends: [], why });
const refused = (code: string, sends: readonly string[] = []): Expected => ({ verdict: code, changes: [], sends });

const OUT = refused('person-out-of-scope');
const UNKNOWN = refused('person-unknown');
const ERASED = nothing('the person is erased: the event keeps its place in the chain and loses its values');
const NOBODY = nothing('nobody is known by that id: there is nothing to erase');

/** No templates are accepted any more, and the kiosk is sent that there are none. */
const NO_TEMPLATE = taken('', ['here: templates']);
/** It counts, but belongs to nobody. */
const RECORD_OF_NOBODY = taken('checkin');
const VOID_OF_NOBODY = taken('checkin checkin_void');

type Cells = Partial<Record<Relation, Expected>>;

/** A change of a person, accepted only for people of the site. */
function change(here: Expected, cells: Cells = {}): (relation: Relation) => Expected {
  return (relation) => cells[relation] ?? { ...CHANGE, 'same site': here }[relation] ?? here;
}
const CHANGE: Cells = {
  unknown: UNKNOWN,
  'other site': OUT,
  'moved away, said before': OUT,
  'moved away, said after': OUT,
  'merged elsewhere': OUT,
  erased: ERASED,
};

/** Attendance: also accepted from before the person moved away, and for unknown ids. */
function attendance(here: Expected, cells: Cells = {}): (relation: Relation) => Expected {
  return change(here, { unknown: here, 'moved away, said before': here, ...cells });
}

/** A change of a person's name or picture. An unknown person is added to this site. */
function profile(more: string, cells: Cells = {}): (relation: Relation) => Expected {
  const also = more === '' ? '' : ` ${more}`;
  return change(taken(`checkin person${also}`, BOTH('person')), {
    unknown: taken(`person person_key person_site${also}`, BOTH('person')),
    // Their records belong to the person they became.
    'merged here': taken(`person${also}`, BOTH('person')),
    ...cells,
  });
}

/** What a person takes back: also accepted from a kiosk of a site that they left. Only kiosks of their present site are notified. */
const takenBack = (changes: string, kind: string): Cells =>
  Object.fromEntries(
    (['moved away, said before', 'moved away, said after'] as const).map((moved) => [
      moved,
      taken(changes, [`elsewhere: ${kind}`]),
    ]),
  );

/** The same for every person, since it names nobody. */
const always = (expected: Expected) => () => expected;

const say =
  <T extends EventType>(type: T, open: Open<T>, personal: (world: TwoSites, person: Person) => Personal<T>) =>
  (world: TwoSites, person: Person) =>
    world.append(type, open, personal(world, person), person.at);

const named = (_: TwoSites, { id }: Person) => ({ person: id });
const CHECKIN = { direction: 'in', method: 'face', liveness: 'passed' } as const;
const BOTH = (kinds: string) => [`here: ${kinds}`, `beside: ${kinds}`];

/** It names one of the kiosk's own people, but its content is about another site's: nothing of the other's changes. */
const own = (kinds: string) => taken('', BOTH(kinds));
/** People without the thing named here, so that it is free to be assigned to the kiosk's own person. */
const free = (relations: readonly Relation[], table: string, kinds: string) => (relation: Relation) =>
  relations.includes(relation) ? taken(table, BOTH(kinds)) : own(kinds);

export const ROWS: readonly Row[] = [
  {
    kind: 'checkin',
    what: '',
    say: say('checkin', CHECKIN, named),
    expected: attendance(taken('attendance_due checkin'), {
      erased: RECORD_OF_NOBODY,
      unknown: taken('attendance_due checkin person_key'),
    }),
  },
  {
    kind: 'void',
    what: '',
    say: (world, person) =>
      world.append('void', { target: person.checkin, reason: 'not-me' }, { person: person.id }, person.at),
    expected: attendance(taken('attendance_due checkin checkin_void'), {
      unknown: taken('checkin_void person_key'),
      erased: VOID_OF_NOBODY,
    }),
  },
  {
    kind: 'void',
    what: 'naming nobody',
    say: (world, person) => world.append('void', { target: person.checkin, reason: 'staff' }, {}, person.at),
    expected: attendance(taken('attendance_due checkin checkin_void'), {
      unknown: taken('checkin_void'),
      erased: VOID_OF_NOBODY,
    }),
  },
  {
    kind: 'void',
    what: 'naming one of its own',
    say: (world, person) =>
      world.append('void', { target: person.checkin, reason: 'staff' }, { person: world.own }, person.at),
    expected: attendance(taken('attendance_due checkin checkin_void'), {
      unknown: taken('checkin_void'),
      erased: VOID_OF_NOBODY,
    }),
  },
  {
    kind: 'void',
    what: 'of a later record of another site',
    say: (world, person) => world.append('void', { target: person.later, reason: 'staff' }, {}, person.at),
    // At any claimed time. People of the other relations have no such record.
    expected: (relation) => (AT_ELSEWHERE.has(relation) ? OUT : taken('checkin_void')),
  },
  {
    kind: 'person',
    what: 'added',
    say: say('person', { change: 'added' }, (_, { id }) => ({ person: id, name: 'Eve', number: '666' })),
    expected: profile(''),
  },
  {
    kind: 'person',
    what: 'updated',
    say: say('person', { change: 'updated' }, (_, { id }) => ({ person: id, name: 'Eve' })),
    expected: profile(''),
  },
  {
    kind: 'person',
    what: 'updated, with a number that looks like an id',
    say: say('person', { change: 'updated' }, (_, { id }) => ({ person: id, number: randomUUID() })),
    expected: profile(''),
  },
  {
    kind: 'person',
    what: 'updated, empty',
    say: say('person', { change: 'updated' }, named),
    expected: profile(''),
  },
  {
    kind: 'person',
    what: 'updated, picture',
    say: say('person', { change: 'updated' }, (_, { id }) => ({
      person: id,
      photo: id.replaceAll('-', '').padEnd(43, 'A'),
      photoKey: 'A'.repeat(43),
    })),
    expected: profile('photo'),
  },
  {
    kind: 'person',
    what: 'updated, no positions',
    say: say('person', { change: 'updated', gpsOptOut: true }, named),
    expected: profile('', takenBack('checkin person', 'person')),
  },
  {
    kind: 'person',
    what: 'deleted',
    say: say('person', { change: 'deleted' }, named),
    expected: change(taken('erasure template', BOTH('removed')), {
      unknown: NOBODY,
      'being erased': taken('erasure', BOTH('removed')),
      held: refused('person-held', ['here: credentials person pin templates']),
    }),
  },
  {
    kind: 'consent',
    what: 'given',
    say: say('consent', { action: 'given', textVersion: '2', language: 'en' }, named),
    // Without a guardian, a minor's own does not count.
    expected: change(taken('consent', BOTH('templates')), { minor: taken('', BOTH('templates')) }),
  },
  {
    kind: 'consent',
    what: 'given by a guardian',
    say: say('consent', { action: 'given', textVersion: '2', language: 'en' }, (_, { id }) => ({
      person: id,
      guardian: 'Mallory',
      relation: 'father',
      bornOn: `${new Date().getUTCFullYear() - 8}-01-01`,
    })),
    expected: change(taken('consent person_minor', BOTH('templates'))),
  },
  {
    kind: 'consent',
    what: 'withdrawn',
    say: say('consent', { action: 'withdrawn', textVersion: '1', language: 'en' }, named),
    expected: change(taken('consent template', BOTH('templates')), {
      'being erased': taken('consent', BOTH('templates')),
      ...takenBack('consent template', 'templates'),
    }),
  },
  {
    kind: 'template',
    what: 'added',
    say: say('template', { change: 'added', model: 'arc', count: 1 }, (world, { id }) => ({
      person: id,
      templates: [world.template()],
    })),
    expected: change(taken('template', BOTH('templates')), { 'being erased': NO_TEMPLATE }),
  },
  {
    kind: 'template',
    what: 'added, on a card',
    say: say('template', { change: 'added', model: 'arc', count: 1 }, (_, { id }) => ({
      person: id,
      card: { id: randomUUID(), sealed: 'A'.repeat(64) },
    })),
    expected: change(taken('card_template', BOTH('cardTemplate')), {
      'being erased': taken('', ['here: cardTemplate']),
    }),
  },
  {
    kind: 'template',
    what: 'removed',
    say: say('template', { change: 'removed', model: 'arc', count: 1 }, (_, { id, template }) => ({
      person: id,
      templates: [{ id: template }],
    })),
    expected: change(taken('template', BOTH('templates')), { 'being erased': NO_TEMPLATE }),
  },
  {
    kind: 'template',
    what: 'added, under the id of another’s',
    say: (world, person) =>
      world.append(
        'template',
        { change: 'added', model: 'arc', count: 1 },
        { person: world.own, templates: [{ ...world.template(), id: person.template }] },
        person.at,
      ),
    expected: free(['unknown', 'being erased', 'erased'], 'template', 'templates'),
  },
  {
    kind: 'template',
    what: 'removed, another’s',
    say: (world, person) =>
      world.append(
        'template',
        { change: 'removed', model: 'arc', count: 1 },
        { person: world.own, templates: [{ id: person.template }] },
        person.at,
      ),
    expected: always(own('templates')),
  },
  {
    kind: 'credential',
    what: 'issued, under the id of another’s',
    say: (world, person) =>
      world.append(
        'credential',
        { kind: 'card', change: 'issued' },
        { person: world.own, bearer: { id: person.card, hash: world.cardHash() } },
        person.at,
      ),
    expected: free(['unknown', 'erased'], 'credential', 'credentials'),
  },
  {
    kind: 'credential',
    what: 'revoked, another’s',
    say: (world, person) =>
      world.append(
        'credential',
        { kind: 'card', change: 'revoked' },
        { person: world.own, bearer: { id: person.card } },
        person.at,
      ),
    expected: always(own('credentials')),
  },
  {
    kind: 'credential',
    what: 'issued',
    say: say('credential', { kind: 'card', change: 'issued' }, (world, { id }) => ({
      person: id,
      bearer: { id: v7(), hash: world.cardHash() },
    })),
    expected: change(taken('credential', BOTH('credentials'))),
  },
  {
    kind: 'credential',
    what: 'revoked',
    say: say('credential', { kind: 'card', change: 'revoked' }, (_, { id, card }) => ({
      person: id,
      bearer: { id: card },
    })),
    expected: change(taken('credential', BOTH('credentials'))),
  },
  {
    kind: 'pin',
    what: 'set',
    say: say('pin', { change: 'set' }, (world, { id }) => ({ person: id, pin: world.pinValue() })),
    expected: change(taken('pin', BOTH('pin'))),
  },
  {
    kind: 'pin',
    what: 'carried',
    say: say('pin', { change: 'carried' }, (world, { id, pin }) => ({ person: id, pin: world.pinValue(pin) })),
    // It is not the valid PIN: the kiosk is sent the valid one.
    expected: change(taken('pin', BOTH('pin')), { 'merged here': taken('', ['here: pin']) }),
  },
  {
    kind: 'pin',
    what: 'removed',
    say: say('pin', { change: 'removed' }, named),
    expected: change(taken('pin', BOTH('pin'))),
  },
  {
    kind: 'pin',
    what: 'locked',
    say: say('pin', { change: 'locked' }, named),
    expected: change(nothing('a lock is the kiosk’s own')),
  },
  {
    kind: 'erasureDone',
    what: 'request unknown',
    say: (world, person) => world.append('erasureDone', { request: randomUUID() }, { person: person.id }, person.at),
    expected: change(refused('erasure-not-asked'), {
      unknown: NOBODY,
      erased: ERASED,
    }),
  },
  {
    kind: 'erasureDone',
    what: 'of their request',
    say: (world, person) => world.append('erasureDone', { request: person.request }, { person: person.id }, person.at),
    expected: change(refused('erasure-not-asked'), {
      unknown: NOBODY,
      erased: taken('erasure_confirmation erasure_step'),
    }),
  },
  {
    kind: 'erasureDone',
    what: 'of a request of another site',
    say: (world, person) => world.append('erasureDone', { request: world.foreign }, { person: person.id }, person.at),
    expected: change(refused('erasure-not-asked'), { unknown: NOBODY, erased: ERASED }),
  },
  {
    kind: 'erasureDone',
    what: 'of a request of another site, naming nobody',
    say: (world, person) => world.append('erasureDone', { request: world.foreign }, {}, person.at),
    expected: always(nothing('the kiosk was not asked by such a request')),
  },
  {
    kind: 'erasureDone',
    what: 'naming nobody',
    say: (world, person) => world.append('erasureDone', { request: randomUUID() }, {}, person.at),
    expected: always(nothing('the kiosk was not asked by such a request')),
  },
  {
    kind: 'evacuation',
    what: 'started',
    say: (world, person) => world.append('evacuation', { evacuation: randomUUID(), change: 'started' }, {}, person.at),
    expected: always(taken('', ['here: evacuation'])),
  },
  {
    kind: 'evacuation',
    what: 'accounted',
    say: (world, person) =>
      world.append(
        'evacuation',
        { evacuation: world.evacuation, change: 'accounted' },
        { person: person.id },
        person.at,
      ),
    expected: change(taken('evacuation_mark', BOTH('accounted')), {
      'moved away, said before': taken('evacuation_mark'),
    }),
  },
  {
    kind: 'evacuation',
    what: 'missing',
    say: (world, person) =>
      world.append('evacuation', { evacuation: world.evacuation, change: 'missing' }, { person: person.id }, person.at),
    expected: change(taken('evacuation_mark', BOTH('accounted')), {
      'moved away, said before': taken('evacuation_mark'),
    }),
  },
  {
    kind: 'evacuation',
    what: 'ended',
    say: (world, person) => world.append('evacuation', { evacuation: randomUUID(), change: 'ended' }, {}, person.at),
    expected: always(taken('', ['here: evacuation'])),
  },
  {
    kind: 'lookalike',
    what: 'marked',
    say: say('lookalike', { change: 'marked', reason: 'not-me' }, (world, { id }) => ({
      person: id,
      other: world.own,
    })),
    expected: change(taken('lookalike merge_candidate', BOTH('lookalikes'))),
  },
  {
    kind: 'lookalike',
    what: 'marked, as the other',
    say: say('lookalike', { change: 'marked', reason: 'not-me' }, (world, { id }) => ({
      person: world.own,
      other: id,
    })),
    expected: change(taken('lookalike merge_candidate', BOTH('lookalikes'))),
  },
  {
    kind: 'lookalike',
    what: 'removed',
    say: say('lookalike', { change: 'removed' }, (world, { id }) => ({ person: id, other: world.own })),
    expected: change(nothing('they are no pair')),
  },
  {
    kind: 'purge',
    what: '',
    say: (world, person) =>
      world.append('purge', { what: 'photos', before: person.at.toISOString(), removed: 1 }, {}, person.at),
    expected: always(nothing('it names nobody')),
  },
  {
    kind: 'health',
    what: '',
    say: (world, person) => world.append('health', { code: 'x', detail: { person: person.id } }, {}, person.at),
    expected: always(nothing('it names nobody')),
  },
  {
    kind: 'command',
    what: '',
    say: (world, person) =>
      world.append('command', { command: person.id, what: 'restart', outcome: 'done' }, {}, person.at),
    expected: always(nothing('it names nobody')),
  },
  {
    kind: 'staff',
    what: '',
    say: (world, person) =>
      world.append(
        'staff',
        { what: 'enter', outcome: 'done', member: person.id, by: person.id, paper: 1 },
        {},
        person.at,
      ),
    expected: always(nothing('it names nobody')),
  },
];
