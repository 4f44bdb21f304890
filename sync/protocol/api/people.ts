import { z } from 'zod';
import { Instant, Uuid } from '../wire/event.ts';
import { givenName } from '../wire/name.ts';
import { ConsentStanding, Guardian, Language, NewGuardian } from './consents.ts';
import type { DataKind } from './data-kinds.ts';
import { endpoint } from './endpoint.ts';
import { countedPageOf, QueryFlag, sortedQuery } from './page.ts';
import { StaffBy } from './staff.ts';

/** `/api/people`: people, the sites they belong to, and what kiosks may do with their data. */

const Text = (max: number) => z.string().trim().min(1).max(max);
const Email = z.email().max(254);

/** Someone below the age of consent. Only their date of birth is stored, until they have consented themselves. */
export const Minor = z.strictObject({
  person: Uuid,
  bornOn: z.iso.date(),
  guardian: Guardian.nullable(),
  state: z.enum(['minor', 'soon', 'of-age']),
  comesOfAge: z.iso.date(),
});
export const NewMinor = z.strictObject({ bornOn: z.iso.date(), guardian: NewGuardian.nullable().default(null) });
export const MinorAnswer = z.strictObject({ minor: Minor.nullable() });

/**
 * The text fields of a person that can be changed; null clears a field. The server's encryption, export and audit use these
 * names.
 */
const PERSON_FIELDS = {
  name: givenName(200),
  number: Text(40).nullable(),
  email: Email.nullable(),
  phone: Text(40).nullable(),
  badge: Text(80).nullable(),
  language: Language.nullable(),
};
export type PersonField = keyof typeof PERSON_FIELDS;
export const personFields = Object.keys(PERSON_FIELDS) as PersonField[];

const fields = {
  ...PERSON_FIELDS,
  /** Kiosks don't record this person's position. */
  gpsOptOut: z.boolean(),
};
/** The fields as answers have them: values stored under an older rule are returned unchanged. */
const shown = Object.fromEntries(personFields.map((field) => [field, z.string().nullable()])) as Record<
  PersonField,
  z.ZodNullable<z.ZodString>
>;

export const Person = z.strictObject({
  id: Uuid,
  /** Increases with each change. A change states the version that it was based on. */
  version: z.number().int(),
  ...shown,
  gpsOptOut: z.boolean(),
  updatedAt: Instant,
  /** Sites whose kiosks have this person. */
  sites: z.array(Uuid),
  consent: ConsentStanding,
  /** Number of face templates, over all models. The templates themselves are never returned by the API. */
  templates: z.number().int(),
});
export type Person = z.infer<typeof Person>;

/** Filters for listing or searching people. */
const narrowing = {
  site: Uuid.optional(),
  consent: Person.shape.consent.optional(),
  /** Whether a face is enrolled. */
  enrolled: QueryFlag.optional(),
};

/** Sorted by name, a page may have fewer than `limit` people although `next` says that there are more. */
export const PeopleQuery = z.strictObject({
  ...sortedQuery(['id', 'name', 'updatedAt', 'site'], 'id'),
  ...narrowing,
});

export const FoundPeople = z.strictObject({
  /** Best match first. */
  items: z.array(Person),
  /** There are more matches. */
  more: z.boolean(),
  /** `reading`: names are still being decrypted for this session, so repeat with `whole`; `too-many`: not all can be. */
  state: z.enum(['ready', 'reading', 'too-many']),
});
export type FoundPeople = z.infer<typeof FoundPeople>;

export const NewPerson = z.strictObject({
  ...z.strictObject(fields).partial().required({ name: true }).shape,
  /** Absent: the default site. */
  sites: z.array(Uuid).max(200).optional(),
});
export type NewPerson = z.infer<typeof NewPerson>;

export const PersonPatch = z.strictObject({
  /** The version that the change was based on; absent: apply it to any version. */
  version: z.number().int().positive().optional(),
  ...z.strictObject(fields).partial().shape,
});
export type PersonPatch = z.infer<typeof PersonPatch>;

/** What was done about a person, newest first. */
export const PersonHistory = z.strictObject({
  items: z.array(
    z.strictObject({
      /** Id of the row it comes from. One row may yield two entries. */
      id: z.string(),
      at: Instant,
      what: z.enum(['person', 'consent', 'template', 'credential', 'pin', 'pin-code', 'lookalike', 'site', 'record']),
      /** What happened to it: `added`, `given`, … */
      change: z.string(),
      /** Changed profile fields, never their values; empty: not about the profile, or done by a kiosk. */
      fields: z.array(z.string()),
      /** Where it was done: at a kiosk, by staff in the console, by the person on their own page, … */
      via: z.enum(['kiosk', 'staff', 'person', 'import']),
      /** Null: not at a kiosk. */
      device: Uuid.nullable(),
      /** The site that the person joined or left. */
      site: Uuid.nullable(),
      /** The member of kiosk staff; null: not done by kiosk staff. */
      by: StaffBy.nullable(),
      /** E-mail address of the account; null: no account, or removed since. */
      email: z.string().nullable(),
    }),
  ),
});
export type PersonHistory = z.infer<typeof PersonHistory>;

/** A person's templates of one embedding model. Vectors are never returned by the API. */
export const TemplateCount = z.strictObject({
  model: z.string(),
  count: z.number().int(),
  newest: Instant,
  /** Mean quality, 0 to 100, of templates whose picture was measured; 50 is just accepted at enrolment. Null: none was. */
  quality: z.number().int().nullable(),
});
export const TemplateCounts = z.strictObject({
  person: Uuid,
  models: z.array(TemplateCount),
  /** Whether a picture is stored from which templates were made. */
  photo: z.boolean(),
});
export type TemplateCounts = z.infer<typeof TemplateCounts>;

/** How well one embedder has recognised a face since its last enrolment. Scores are cosines on the default embedder's scale. */
export const ScoreTrend = z.strictObject({
  model: z.string(),
  /** When the newest template was added. */
  since: Instant,
  /** Number of check-ins by face since then. */
  count: z.number().int(),
  /** Mean score of the first check-ins, and of the most recent ones. */
  baseline: z.number(),
  recent: z.number(),
  /** Scores have dropped so much that the face should be enrolled again. */
  falls: z.boolean(),
  /** Scores of the newest check-ins, by week (its Monday, UTC). */
  weeks: z.array(z.strictObject({ week: z.iso.date(), count: z.number().int(), mean: z.number() })),
});
export type ScoreTrend = z.infer<typeof ScoreTrend>;

/** Kinds of data shown in a profile. Excludes the language, which describes nobody. */
export const PROFILE = [
  ...personFields.filter((f) => f !== 'language').map((f) => `person.${f}` as const),
  'consent',
] as const satisfies readonly DataKind[];

export const listPeople = endpoint('GET /api/people', {
  summary: 'List people',
  roles: ['admin', 'dpo', 'staff'],
  data: PROFILE,
  query: PeopleQuery,
  answer: countedPageOf(Person),
  errors: ['unknown-site', 'names-too-many'],
});

/** A POST, because search text must not be in a URL, which every proxy on the way would log. */
export const searchPeople = endpoint('POST /api/people/search', {
  summary:
    'Find people by name (words in any order, also their beginnings and with a typo), number, e-mail address or badge',
  roles: ['admin', 'dpo', 'staff'],
  data: PROFILE,
  action: 'read',
  body: z.strictObject({
    q: Text(100),
    limit: z.number().int().min(1).max(50).default(10),
    ...narrowing,
    enrolled: z.boolean().optional(),
    /** Waits until all names are decrypted. */
    whole: z.boolean().optional(),
  }),
  answer: FoundPeople,
  errors: ['unknown-site'],
});

export const getPerson = endpoint('GET /api/people/:person', {
  summary: 'Show one person',
  roles: ['admin', 'dpo', 'staff'],
  data: PROFILE,
  answer: Person,
});

export const createPerson = endpoint('POST /api/people', {
  summary: 'Create a person; the kiosks of their sites are notified. Their face can be enrolled once they consent',
  roles: ['admin', 'staff'],
  data: PROFILE,
  body: NewPerson,
  answer: Person,
  errors: ['unknown-site', 'name-unreadable'],
});

export const changePerson = endpoint('PATCH /api/people/:person', {
  summary: 'Change a person; kiosks are notified. The audit log contains neither old nor new values',
  roles: ['admin', 'staff', 'dpo'],
  data: PROFILE,
  body: PersonPatch,
  answer: Person,
  errors: ['person-erased', 'person-merged', 'person-changed', 'name-unreadable'],
});

export const setPersonSites = endpoint('PUT /api/people/:person/sites', {
  summary: 'Set a person’s sites; kiosks of sites they leave delete their data',
  roles: ['admin', 'staff'],
  data: ['person'],
  body: z.strictObject({ sites: z.array(Uuid).max(200) }),
  answer: Person,
  errors: ['unknown-site'],
});

export const getMinor = endpoint('GET /api/people/:person/minor', {
  summary: 'Show whether a person is below the age of consent, and who their guardian is',
  roles: ['admin', 'dpo', 'staff'],
  data: ['person.minor', 'consent.guardian'],
  answer: MinorAnswer,
});

export const setMinor = endpoint('PUT /api/people/:person/minor', {
  summary: 'Register a person as below the age of consent; a guardian consents for them from now on',
  roles: ['admin', 'staff'],
  data: ['person.minor', 'consent.guardian'],
  body: NewMinor,
  answer: MinorAnswer,
  errors: ['not-a-minor', 'birth-in-future', 'name-unreadable'],
});

export const removeMinor = endpoint('DELETE /api/people/:person/minor', {
  summary: 'Remove a mistaken registration as below the age of consent',
  roles: ['admin', 'staff', 'dpo'],
  data: ['person.minor', 'consent.guardian'],
  answer: MinorAnswer,
});

export const getPersonHistory = endpoint('GET /api/people/:person/history', {
  summary:
    'List what was done about a person at kiosks and in the console (enrolment, consent, cards, …), newest first',
  roles: ['admin', 'dpo', 'staff'],
  data: ['person', 'consent', 'template.count', 'credential', 'attendance', 'staff.name', 'account.email'],
  answer: PersonHistory,
});

export const getScores = endpoint('GET /api/people/:person/scores', {
  summary: 'Show how well a person’s face was recognised, by week since it was last enrolled',
  roles: ['admin', 'dpo', 'staff'],
  data: ['attendance'],
  answer: z.strictObject({ person: Uuid, trends: z.array(ScoreTrend) }),
});

export const countTemplates = endpoint('GET /api/people/:person/templates', {
  summary: 'Count a person’s face templates by model; the templates themselves are never returned',
  roles: ['admin', 'dpo', 'staff'],
  data: ['template.count'],
  answer: TemplateCounts,
});

export const countPerson = endpoint('GET /api/people/:person/contents', {
  summary: 'Count what is kept of a person: records, consents, face templates, enrolment photos, cards and badges',
  roles: ['admin', 'dpo', 'staff'],
  data: ['attendance', 'consent', 'template.count', 'photo', 'credential'],
  /** `cards` counts valid cards and badges. */
  answer: z.strictObject({
    records: z.number().int(),
    consents: z.number().int(),
    templates: z.number().int(),
    photos: z.number().int(),
    cards: z.number().int(),
  }),
});

export const deleteTemplates = endpoint('DELETE /api/people/:person/templates', {
  summary:
    'Delete a person’s face templates, here and on every kiosk; their consent stays, so they can be enrolled again',
  roles: ['admin', 'dpo', 'staff'],
  data: ['template'],
  answer: TemplateCounts,
});
