import type { Row } from '../rows.ts';

const PORTAL = 'test/policy/portal.test.ts';
const ERASURE = 'test/policy/erasure.test.ts';
const OBJECTS = 'sync/server/platform/objects/store.test.ts';
const BACKUP_KEYS = 'test/policy/backup-keys.test.ts';
const CHAIN = 'sync/server/platform/audit/audit.test.ts';
const AUDIT_LOG = 'test/policy/audit.test.ts';
const AUDIT_COMMAND = 'test/cli/audit.test.ts';
const COMPLIANCE = 'test/policy/compliance.test.ts';
const INCIDENTS = 'test/policy/incidents.test.ts';
const INCIDENT_RULES = 'sync/server/features/privacy/incidents/rules.test.ts';
const PERSON_KEYS = 'test/policy/person-keys.test.ts';
const ROUTES = 'test/policy/every-route.test.ts';
const ROSTER = 'test/store/roster.test.ts';

/** What people can request, and what is recorded of who did what: P28 to P35. */
export const RIGHTS: Readonly<Record<string, Row>> = {
  P28: {
    requirement: '`GET /api/gdpr/export/my-data`: everything about the caller, as JSON',
    parts: {
      'by the caller, over HTTP': {
        'test/policy/api-http.test.ts': ['people can download their data, and erase themselves with a confirmation'],
      },
      'every value that went in, and nothing of anyone else': {
        [PORTAL]: [
          'the export contains every value as it was given, photos and template included, and nothing of anyone else',
          'the export includes records made under another id before a merge',
        ],
        [ROUTES]: ['%s neither shows nor changes another person’s data, whichever of their ids it is given'],
      },
      'of every table and object store': {
        [PORTAL]: ['every table is in the export or left out with a reason'],
        'test/policy/portal-sections.test.ts': [
          'no section of the export is empty for someone with data in every table',
        ],
      },
    },
  },
  P29: {
    requirement:
      '`DELETE /api/gdpr/delete/my-account`: anonymises, keeps statistics intact, removes embeddings and photos, from S3 too',
    parts: {
      'by the caller, asked twice, and taken back while there is time': {
        'test/policy/api-http.test.ts': ['people can download their data, and erase themselves with a confirmation'],
        [PORTAL]: ['an erasure needs a confirmation, deletes templates at once, and can be undone until its deadline'],
        [ERASURE]: [
          'a request deletes the templates at once, here and on kiosks; the rest waits until it can no longer be undone',
          'a person under a legal hold is erased only after its release, but their templates are deleted at once',
        ],
      },
      'statistics stay as they were': {
        [ERASURE]: ['counts by day, site, direction and method stay unchanged'],
      },
      'the person’s data key is destroyed': {
        [PERSON_KEYS]: [
          'is deleted everywhere at once when destroyed, and a lookup does not recreate it',
          'is never made for an erased person, no matter who asks',
        ],
        'test/policy/writes-and-erasure.test.ts': ['a write about a person and their erasure, on $name'],
        [AUDIT_LOG]: ['once a person’s key is destroyed no row is found as theirs, and the chain stays intact'],
        'test/policy/erased-everywhere.test.ts': [
          'can’t be decrypted from files, write-ahead log, object versions, kiosk, or an old backup restored after the copies of the key expired',
        ],
      },
      'nothing ties the remaining rows together': {
        [ERASURE]: [
          'nothing links the rows of an erased person: no column, no transaction, no position on disk',
          'a voided record of an erased person stays voided, without showing which event voided it',
        ],
        'test/policy/erased-from-every-table.test.ts': [
          'no table keeps the id of an erased person, whichever column it was in',
        ],
        'test/policy/webhooks.test.ts': [
          'the queue of a silent or disabled receiver keeps an erased person’s id for at most three days',
        ],
      },
      'no write that comes meanwhile leaves anything of the person': {
        'test/policy/writes-and-erasure.test.ts': [
          'a write about a person and their erasure, on $name',
          'every route declared to change personal data is covered here',
        ],
      },
      'every object version is deleted': {
        [OBJECTS]: ['every version and delete marker of that object is deleted, and of no other'],
        [BACKUP_KEYS]: [
          'every version of a photo’s object is deleted with its row, no matter how that was deleted, and no other object',
        ],
      },
      'every kiosk drops the template and confirms it': {
        [ERASURE]: [
          'an erasure completes when every kiosk has confirmed; the certificate says when, and names a revoked kiosk',
        ],
        [ROSTER]: [
          'destroys keys, rows, templates and photos, and is confirmed by one event, however often it is requested',
        ],
        'test/store/privacy.test.ts': [
          'destroys keys, names, templates, PIN, photos and event values, in the file, its log and the vault',
        ],
      },
      'a restored backup does not bring the person back': {
        [ERASURE]: [
          'a person is erased again by their tombstone after the database was restored to before the erasure',
        ],
        'test/policy/backup.test.ts': [
          'a person erased after a backup is erased again at its restore, starting with their key',
          'a restore also honours a tombstone that was deleted from the bucket',
          'without the tombstone key, erasures, restores and the tombstone check are refused, and no tombstone is written',
          'a restore also honours a tombstone that was deleted from the bucket',
          'without the tombstone key, erasures, restores and the tombstone check are refused, and no tombstone is written',
        ],
        [BACKUP_KEYS]: ['a tombstone names nobody, and an altered one stops a restore'],
      },
      'a kill at any step leaves it to the next process': {
        [ERASURE]: ['an erasure whose process is killed at any step is completed exactly once by the next'],
        'test/policy/erasure-killed.test.ts': [
          'is continued and completed by the next server, when killed at any step after its work but before it was recorded',
        ],
      },
    },
  },
  P30: {
    requirement: 'Profile endpoints rectify data; all changes are audit-logged',
    parts: {
      'by the person and by staff': {
        [PORTAL]: ['a person can correct their own profile, except number and badge, and kiosks are notified'],
        [PERSON_KEYS]: ['is read as written; a patch keeps what it does not name, and null clears a field'],
      },
      'each change is in the log by field and person, without old or new value': {
        'test/policy/api-people.test.ts': ['a change is audited by field and person, without the old or new value'],
      },
    },
  },
  P31: {
    requirement:
      'Audit rows: who (id, role, e-mail), what (read, write, delete), when (UTC), where (IP, user agent), why (path, resource)',
    parts: {
      'each of them is in the row, and found by a search and in an export': {
        [AUDIT_LOG]: [
          'a row says who, what, when, where, why and about which people, and can be found by each',
          'an export contains what a search finds',
          'no column shows in clear who a row is about or who looked',
        ],
      },
      'chained: a row that is removed or altered is found': {
        [CHAIN]: [
          'rows written concurrently form one complete chain',
          'finds and locates a row that was altered in any column, removed, moved, added or exchanged',
          'reports the row whose MAC was altered, not the row after it',
        ],
      },
      'rows cut off at the end are missed': {
        [CHAIN]: ['rows cut off at the end are detected by the anchor and by the copy in the server’s own folder'],
        'test/policy/audit-anchors.test.ts': [
          'the object store’s anchors reveal rows that were deleted together with every anchor in the database',
        ],
      },
      'the key of the MAC is outside the database': {
        [CHAIN]: ['an attacker with only the database cannot write a row that verifies'],
      },
      'and changes with a rotation': {
        'test/policy/key-rotation.test.ts': [
          'leaves everything readable with the new keys only, and nothing that the old keys open',
        ],
        [CHAIN]: ['rows from before and after a new audit key verify in one chain, each under its own key'],
      },
      'one command finds it': {
        [AUDIT_COMMAND]: [
          'one command finds and locates a row altered in the database, and each check is itself audited',
        ],
      },
    },
  },
  P32: {
    requirement: 'Audit rows kept at least 365 days',
    parts: {
      'the purge refuses to go below it': { [CHAIN]: ['a purge refuses to go below 365 days'] },
      'after a purge the rest still verifies': {
        [CHAIN]: ['after a purge the rest verifies from a signed checkpoint, and not without it'],
      },
    },
  },
  P33: {
    requirement: 'GDPR, CCPA, FERPA, SOC 2',
    parts: {
      'each duty has its control, and rows or tests that prove it': {
        [COMPLIANCE]: [
          'every duty of GDPR, CCPA, FERPA, SOC 2, BIPA and EU AI Act names its control, and tests that exist',
        ],
      },
      'proven only when those tests passed in the last run': {
        [COMPLIANCE]: ['a duty is proven only when all its tests passed in the last run'],
      },
      'the record of processing is this installation’s own': {
        [COMPLIANCE]: [
          'the record of processing shows this installation’s sites, counts, periods and contacts, and no person’s name',
          'the record of processing names all personal data held, and every program that receives it',
        ],
      },
    },
    limits: 'Whether a summary of a law is right and complete: no test reads law.',
  },
  P34: {
    requirement:
      'Incident response: rotate keys at once, review the audit log, notify the affected within 72 hours, document',
    parts: {
      'a record with its 72-hour clock and a timeline': {
        [INCIDENT_RULES]: ['the 72-hour deadline'],
        [INCIDENTS]: ['an incident has a record, a deadline and a timeline of who did what, all encrypted'],
        [AUDIT_COMMAND]: ['an incident is opened, and its deadline runs until the authority is notified'],
      },
      'the affected, from the audit log': {
        [AUDIT_LOG]: ['affected people are found by actor, time or resource, each once under their current name'],
      },
      'notices are drafted, and it closes only when everything is documented': {
        [INCIDENT_RULES]: [
          'notices',
          'an incident closes only when facts, effects, remedies and notices are documented',
        ],
      },
      'one command rotates and revokes': {
        [INCIDENTS]: [
          'for a stolen kiosk, one command revokes it, rotates keys and ends sessions; affected people are found and notices drafted',
          'a failed containment step is reported and does not block the others',
        ],
      },
    },
  },
  P35: {
    requirement: 'A contact for privacy and for the DPO',
    parts: {
      'configured on the server, for its kiosks': {
        'test/policy/kiosk-policy.test.ts': [
          'the server’s contacts (controller, privacy contact and DPO) appear on the privacy screen',
          'without an operator’s name nobody can consent: staff are notified, and the console or site.json fixes it',
        ],
      },
      'shown on the kiosk’s privacy screen, as it was set over the server’s API': {
        'test/e2e/privacy.spec.ts': ['contacts set by an administrator are on the kiosk’s privacy screen'],
        'test/kiosk-ui/kiosk.spec.ts': [
          'a policy change on the server shows at once: liveness, photo retention, contacts',
        ],
      },
    },
  },
};
