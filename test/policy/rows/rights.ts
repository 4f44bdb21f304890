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

/** What people can ask for, and what is kept of who did what: P28 to P35. */
export const RIGHTS: Readonly<Record<string, Row>> = {
  P28: {
    requirement: '`GET /api/gdpr/export/my-data`: everything about the caller, as JSON',
    parts: {
      'by the caller, over HTTP': {
        'test/policy/api-http.test.ts': ['a person takes their data along, and erases themselves with a confirmation'],
      },
      'every value that went in, and nothing of anyone else': {
        [PORTAL]: [
          'the export holds every value that went in, photos and template as they were, and nothing of anybody else',
          'what was recorded under another name before a merge is in it too',
        ],
        [ROUTES]: [
          '%s gives a person nothing of another, and changes nothing of theirs, whatever id of theirs it is given',
        ],
      },
      'of every table and object store': {
        [PORTAL]: ['every table of the database is in the export or left out with a reason'],
        'test/policy/portal-sections.test.ts': [
          'no section of the export is empty for someone who has something in every table',
        ],
      },
    },
  },
  P29: {
    requirement:
      '`DELETE /api/gdpr/delete/my-account`: anonymises, keeps statistics intact, removes embeddings and photos, from S3 too',
    parts: {
      'by the caller, asked twice, and taken back while there is time': {
        'test/policy/api-http.test.ts': ['a person takes their data along, and erases themselves with a confirmation'],
        [PORTAL]: ['an erasure is asked twice, drops templates at once, and can be taken back while its time lasts'],
        [ERASURE]: [
          'a request drops the templates at once, here and on kiosks; the rest waits until it can not be taken back',
          'a person under a legal hold is not erased before it is released; templates go all the same',
        ],
      },
      'statistics stay as they were': {
        [ERASURE]: ['counts by day, site, direction and method are what they were'],
      },
      'the person’s data key is destroyed': {
        [PERSON_KEYS]: [
          'is deleted everywhere at once when it is destroyed, and nobody makes it again by looking it up',
          'is not made for someone who was erased, no matter who asks',
        ],
        'test/policy/writes-and-erasure.test.ts': ['a write about a person and their erasure, on $name'],
        [AUDIT_LOG]: ['once a person’s key is destroyed no row is found as theirs, and the chain stays whole'],
        'test/policy/erased-everywhere.test.ts': [
          'can not be decrypted out of files, write-ahead log, object versions, kiosk, or an old backup restored when the copies of the key have expired',
        ],
      },
      'nothing ties the remaining rows together': {
        [ERASURE]: [
          'nothing ties the rows of an erased person together: no column, no transaction, no place on the disk',
          'that a record of an erased person was annulled still counts, and by which event is not known any more',
        ],
        'test/policy/erased-from-every-table.test.ts': [
          'no table keeps the id of an erased person, whichever column it was in',
        ],
        'test/policy/webhooks.test.ts': [
          'a receiver that does not answer, or is off, keeps the id of an erased person in its queue for three days at most',
        ],
      },
      'no write that comes meanwhile leaves anything of the person': {
        'test/policy/writes-and-erasure.test.ts': [
          'a write about a person and their erasure, on $name',
          'every route that declares to change what is a person’s is among these',
        ],
      },
      'every object version is deleted': {
        [OBJECTS]: ['every version and delete marker of that object is deleted, and of no other'],
        [BACKUP_KEYS]: [
          'every version of a photo’s object goes with its row, no matter who deleted that, and no other',
        ],
      },
      'every kiosk drops the template and confirms it': {
        [ERASURE]: [
          'it is complete when every kiosk has confirmed, and the certificate says when; a revoked kiosk is named',
        ],
        [ROSTER]: [
          'destroys keys, rows, templates and photos, and is confirmed by one event, however often it is asked for',
        ],
        'test/store/privacy.test.ts': [
          'destroys keys, names, templates, PIN, photos and event values, in the file, its log and the vault',
        ],
      },
      'a restored backup does not bring the person back': {
        [ERASURE]: [
          'a database that was put back to before an erasure is found by its tombstone, and the person erased again',
        ],
        'test/policy/backup.test.ts': [
          'a person erased after a backup is erased again when it is restored, their key first',
          'a tombstone that was deleted from the bucket still erases at a restore',
          'without the key of the tombstones, erasure, restore and the check of the tombstones refuse, and none is made',
          'a tombstone that was deleted from the bucket still erases at a restore',
          'without the key of the tombstones, erasure, restore and the check of the tombstones refuse, and none is made',
        ],
        [BACKUP_KEYS]: ['a tombstone names nobody, and one that was altered stops a restore'],
      },
      'a kill at any step leaves it to the next process': {
        [ERASURE]: ['a process that is killed at any step leaves it to the next, which completes it once'],
        'test/policy/erasure-killed.test.ts': [
          'is continued by the next, from that step, and completed: at each step, when its work was done and not yet noted',
        ],
      },
    },
  },
  P30: {
    requirement: 'Profile endpoints rectify data; all changes are audit-logged',
    parts: {
      'by the person and by staff': {
        [PORTAL]: [
          'a person corrects their own profile, kiosks are notified, and number and badge stay with the office',
        ],
        [PERSON_KEYS]: ['is read as it was written; what a patch does not name stays, null empties it'],
      },
      'each change is in the log by field and person, without old or new value': {
        'test/policy/api-people.test.ts': [
          'a change is audited by field and person, and neither the old nor the new value is in the log',
        ],
      },
    },
  },
  P31: {
    requirement:
      'Audit rows: who (id, role, e-mail), what (read, write, delete), when (UTC), where (IP, user agent), why (path, resource)',
    parts: {
      'each of them is in the row, and found by a search and in an export': {
        [AUDIT_LOG]: [
          'a row says who, what, when, where, why and about which people, and each of them finds it',
          'an export holds what a search finds',
          'who a row was about, and who looked, is in no column of the table in clear',
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
          'rows that were cut off together with every anchor in the database are missed by the object store',
        ],
      },
      'the key of the MAC is outside the database': {
        [CHAIN]: ['an attacker with only the database cannot write a row that verifies'],
      },
      'and changes with a rotation': {
        'test/policy/key-rotation.test.ts': [
          'leaves everything readable under the new keys alone, and nothing that the old ones open',
        ],
        [CHAIN]: ['rows from before and after a new audit key verify in one chain, each under its own key'],
      },
      'one command finds it': {
        [AUDIT_COMMAND]: [
          'one command finds a row that was altered in the database, and says where; each check left a row itself',
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
          'the record of processing says this installation’s sites, counts, periods and contacts, and nobody’s name',
          'the record of processing names everything that is held of people, and every program that is notified of it',
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
        [INCIDENTS]: [
          'an incident has its record, its clock and a timeline of who did what; what is written is sealed',
        ],
        [AUDIT_COMMAND]: ['an incident is opened and its clock runs until the authority was notified'],
      },
      'the affected, from the audit log': {
        [AUDIT_LOG]: [
          'the affected are found from the rows of an actor, a time or a resource, each once under their present name',
        ],
      },
      'notices are drafted, and it closes only when everything is documented': {
        [INCIDENT_RULES]: [
          'notices',
          'an incident closes only when facts, effects, remedies and notices are documented',
        ],
      },
      'one command rotates and revokes': {
        [INCIDENTS]: [
          'a stolen kiosk: one command revokes it, makes new keys, ends sessions; the people it had are found; the notices are drafted',
          'a step of the containment that fails holds up no other, and is reported',
        ],
      },
    },
  },
  P35: {
    requirement: 'A contact for privacy and for the DPO',
    parts: {
      'configured on the server, for its kiosks': {
        'test/policy/kiosk-policy.test.ts': [
          'contacts are the server’s word: controller, privacy contact and DPO reach the privacy screen',
          'where nobody has said who runs the place, nobody can agree: staff is notified, and the console or site.json fixes it',
        ],
      },
      'shown on the kiosk’s privacy screen, as it was set over the server’s API': {
        'test/e2e/privacy.spec.ts': ['the contacts that an administrator sets are on the kiosk’s privacy screen'],
        'test/kiosk-ui/kiosk.spec.ts': ['a policy of the server shows at once: liveness, days of photos, contacts'],
      },
    },
  },
};
