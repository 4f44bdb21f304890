import type { Row } from '../rows.ts';

const STORE = 'test/store/privacy.test.ts';
const KIOSK_KEYS = 'test/store/keys.test.ts';
const KIOSK_RETENTION = 'test/store/retention.test.ts';
const ENVELOPE = 'sync/server/platform/keys/envelope.test.ts';
const PERSON_KEYS = 'test/policy/person-keys.test.ts';
const DUMP = 'test/policy/dump.test.ts';
const AUDIT_LOG = 'test/policy/audit.test.ts';
const CHAIN = 'sync/server/platform/audit/audit.test.ts';
const REGISTER = 'test/policy/register.test.ts';
const ROUTES = 'test/policy/every-route.test.ts';
const RETENTION = 'test/policy/retention.test.ts';
const PORTAL = 'test/policy/portal.test.ts';
const PLACES = 'electron/core/devices/gps/places.test.ts';
const POSITION = 'sync/protocol/seal/position.test.ts';

/** How data is protected where it is stored, and for how long: P1 to P12. */
export const PROTECTION: Readonly<Record<string, Row>> = {
  P1: {
    requirement: 'Face embeddings and photos are encrypted with AES-256 at rest, on kiosk and server',
    parts: {
      'on a kiosk no file holds a face, photo or name in the clear': {
        [STORE]: [
          'no file holds a name, number, photo, PIN or template in the clear, while open and when closed',
          'Debian’s sqlcipher opens the store only with the derived key',
        ],
        'test/store/review.test.ts': [
          'and its person are nowhere in the clear, while open and when closed, and anyone with access to the store can open it',
        ],
      },
      'on the server neither files nor a dump of the database hold a face': {
        [DUMP]: [
          'files of the database, its write-ahead log included, hold no name, address, number, position or face',
          'a dump contains none of it',
        ],
        [PERSON_KEYS]: ['does not open if either environment key is replaced'],
      },
      'a ciphertext is bound to person, record, field and version': {
        [STORE]: [
          'opens only in its own place',
          'does not open if any part of its place differs',
          'does not open with any bit changed, removed or added',
        ],
        [ENVELOPE]: ['opens in its own place to the sealed content', 'does not open under another %s'],
        [PERSON_KEYS]: ['opens only what was sealed under it, in the same place, for the same person'],
      },
      'by AES-256-GCM': {
        [ENVELOPE]: [
          'is AES-256-GCM under an HKDF-SHA-256 key from both environment keys, as in another implementation',
        ],
        'test/vectors/vectors.test.ts': ['a position and a photo open at the server'],
      },
      'two people’s values can’t be swapped': {
        [STORE]: [
          'can’t swap two people’s templates, PINs, event values or positions, nor two records of one person',
          'can’t swap two people’s profiles or keys unseen',
          'open only for their own record: altered, swapped, renamed or missing ones have a code',
        ],
        [PERSON_KEYS]: ['does not open in another person’s row or as an earlier version of itself'],
      },
      'an old value can’t be put back': {
        [STORE]: ['can’t restore an old name, opt-out or PIN'],
        [PERSON_KEYS]: ['does not open in another person’s row or as an earlier version of itself'],
      },
    },
  },
  P2: {
    requirement: 'Keys are derived from the system encryption key plus a secret key',
    parts: {
      'both keys are needed, on the server': {
        [ENVELOPE]: ['does not open for another purpose, or when either environment key differs'],
        [PERSON_KEYS]: ['does not open if either environment key is replaced'],
      },
      'both secrets are needed, on a kiosk': {
        [KIOSK_KEYS]: ['with another device secret, provisioning secret, or none'],
      },
      'by HKDF-SHA-256': {
        [KIOSK_KEYS]: ['derive by HKDF-SHA-256 according to RFC 5869'],
        [ENVELOPE]: [
          'is AES-256-GCM under an HKDF-SHA-256 key from both environment keys, as in another implementation',
        ],
      },
      'one sub-key a purpose': {
        [KIOSK_KEYS]: ['give one derived key per purpose: all differ, and none reveals another'],
        [ENVELOPE]: ['does not open for another purpose, or when either environment key differs'],
        'test/policy/keys-page.test.ts': [
          'the keys page names every derived key of the server and of a kiosk, and every secret in the environment',
        ],
      },
    },
  },
  P3: {
    requirement: 'Local face files live in `storage/faces/`, encrypted',
    parts: {
      'in that folder, encrypted, and open for their own record alone': {
        [STORE]: [
          'no file holds a name, number, photo, PIN or template in the clear, while open and when closed',
          'open only for their own record: altered, swapped, renamed or missing ones have a code',
        ],
      },
      'no plaintext touches the disk, temporary files included': {
        'test/store/no-plaintext.test.ts': [
          'no face, name or PIN is ever written in the clear to any file, including temporary ones',
        ],
      },
      'nor by a crash: no process of the kiosk can dump its memory': {
        'test/hosts/browser-host.test.ts': [
          'writes no memory to disk: the core starts with a core dump limit of zero, whatever the limit was',
        ],
        'test/kiosk-image/install.test.ts': ['memory never reaches a disk: no core dumps, no swap'],
      },
      'flushed before it counts: temporary file, fsync, rename, fsync of the folder': {
        'test/store/no-plaintext.test.ts': [
          'no face, name or PIN is ever written in the clear to any file, including temporary ones',
        ],
      },
      'a power cut at any moment loses none that was confirmed': {
        'test/powercut/powercut.test.ts': ['a power cut loses nothing confirmed, and needs no visit: %s (seed …)'],
      },
      'written whole or not at all': {
        [STORE]: [
          'that no record refers to, and temporary files, are deleted at the next start',
          'whose record could not be written are deleted again',
        ],
        'test/store/full-disk.test.ts': [
          'costs the photo, not the check-in: the record says so, and the server is notified',
        ],
      },
    },
  },
  P4: {
    requirement: 'Face files are backed up to S3 with server-side encryption',
    parts: {
      'the store is asked to encrypt, and says that it did': {
        'sync/server/platform/objects/store.test.ts': [
          'a stored object is returned with its SHA-256, and the store is asked to encrypt it',
        ],
        'test/policy/backup-recovery.test.ts': [
          'photos are stored as the kiosk’s ciphertext, encrypted once more by the object store',
        ],
      },
      'encrypted by us before the upload as well': {
        'test/policy/backup-recovery.test.ts': [
          'photos are stored as the kiosk’s ciphertext, encrypted once more by the object store',
        ],
        [DUMP]: ['no version of any object in the bucket contains any of it'],
      },
    },
  },
  P5: {
    requirement: 'Only authorised API endpoints can decrypt facial data',
    parts: {
      'a route lets in the roles that it declares alone': {
        [ROUTES]: ['%s admits only the roles it declares'],
      },
      'one place in the code decrypts each kind of it, seen by watching every decryption': {
        'test/policy/faces-opened.test.ts': ['pages for kiosks, every job, and merges leave one too'],
        [AUDIT_LOG]: ['templates are decrypted in one place of the server’s code, and only with an audit row'],
      },
      'each decryption leaves an audit row': {
        'test/policy/faces-opened.test.ts': [
          'every route that decrypts a face, called by any role, leaves an audit row',
          'pages for kiosks, every job, and merges leave one too',
          'this check notices a decryption without an audit row',
        ],
        [AUDIT_LOG]: [
          'a page that sends templates to a kiosk is audited with their people; a page without people is not audited',
          'the search for duplicate people and a merge are audited',
        ],
      },
      'where the row can’t be written nothing leaves': {
        [AUDIT_LOG]: ['no page is sent if its audit row can’t be written'],
      },
    },
  },
  P6: {
    requirement: 'Verification photos kept 90 days; enrolment kept until its person asks for deletion',
    parts: {
      'the server purges photos after 90 days, and no setting makes it longer': {
        [RETENTION]: [
          'photos are deleted after 90 days, positions after 30, records are kept; the report has kinds, counts and the oldest left',
          'and can’t exceed what the policy allows',
        ],
      },
      'in the object store too, in every version': {
        'test/policy/photos-in-store.test.ts': [
          'photos of check-ins are deleted in every version after 90 days by the hourly purge alone; enrolment photos are kept',
        ],
      },
      'enrolment photos stay until their person is erased': {
        'test/policy/photos-in-store.test.ts': [
          'photos of check-ins are deleted in every version after 90 days by the hourly purge alone; enrolment photos are kept',
        ],
        [KIOSK_RETENTION]: [
          'deletes photos after 90 days and positions after 30, keeps check-ins and enrolment photos, and reports counts',
        ],
      },
      'a kiosk purges too': {
        [KIOSK_RETENTION]: [
          'deletes photos after 90 days and positions after 30, keeps check-ins and enrolment photos, and reports counts',
          'does not extend a record made while the clock was ahead',
        ],
        [RETENTION]: ['a kiosk reports its own purges; one silent for too long is overdue, a revoked one is not'],
      },
      'also when it has been offline for months': {
        [KIOSK_RETENTION]: ['deletes on time even if the clock was set back, without a network, across restarts'],
        [RETENTION]: ['overdue data sent after months offline is deleted at once, and a fast clock extends nothing'],
      },
    },
  },
  P7: {
    requirement: 'GPS coordinates are encrypted before they reach the database',
    parts: {
      'encrypted on the kiosk, to the server alone': {
        [PLACES]: [
          'a position leaves the kiosk sealed so that only the server can open it, and there is none without a server or a fix',
        ],
        [POSITION]: [
          'a sealed position opens only for the server, always has the same length, and contains no digit of the position',
          'a sealed position opens for no other person, kiosk or key, and not after any part was changed',
        ],
      },
      'the database never sees them': {
        [PERSON_KEYS]: [
          'is stored separately, sealed by the kiosk and under the person’s key; its purge keeps the rest and the chain',
        ],
        [DUMP]: ['a dump contains none of it'],
      },
      'the broker never sees them': {
        'test/sync/mqtt-broker.test.ts': [
          'its operator, who reads everything, sees no name, position or event content',
        ],
      },
    },
  },
  P8: {
    requirement: 'GPS data is purged after 30 days, automatically',
    parts: {
      'after 30 days on the server, wherever a position is': {
        [RETENTION]: [
          'photos are deleted after 90 days, positions after 30, records are kept; the report has kinds, counts and the oldest left',
          'a position in a quarantined event is also deleted after 30 days, and the rest is kept',
          'a site’s policy can shorten a period at that site, not extend it',
          'and can’t exceed what the policy allows',
        ],
      },
      'and on the kiosk, by itself': {
        [KIOSK_RETENTION]: [
          'deletes photos after 90 days and positions after 30, keeps check-ins and enrolment photos, and reports counts',
          'runs automatically once a day of trusted time, and gives events their trusted offset',
        ],
      },
      'each purge reports what it removed': {
        [RETENTION]: [
          'photos are deleted after 90 days, positions after 30, records are kept; the report has kinds, counts and the oldest left',
        ],
        [KIOSK_RETENTION]: [
          'deletes photos after 90 days and positions after 30, keeps check-ins and enrolment photos, and reports counts',
        ],
      },
    },
  },
  P9: {
    requirement: 'A person can opt out of GPS tracking',
    parts: {
      'by themselves, on their own page and at a kiosk': {
        'test/portal/portal.spec.ts': [
          'shows the stored data; name and address are corrected by keyboard, and positions opted out of',
        ],
        [PORTAL]: ['an opt-out made at a kiosk also deletes stored positions'],
      },
      'it reaches every kiosk, and no server undoes it': {
        [PORTAL]: [
          'an opt-out from positions reaches every kiosk: no coordinates or hashes are recorded, stored ones are deleted, and late ones are dropped',
        ],
        'test/store/roster.test.ts': ['an opt-out from positions is never undone by the server'],
      },
      'their check-ins carry no coordinates at all': {
        [PLACES]: ['a person who opted out is not located: no fix is even read'],
        'test/store/store.test.ts': ['contain no coordinates for someone who opted out, whatever is passed in'],
      },
    },
  },
  P10: {
    requirement:
      'Names, e-mails, phone numbers: database-level encryption (PostgreSQL pgcrypto) and application-level encryption for sensitive fields',
    parts: {
      'pgcrypto with AES-256 outside, the person’s key inside': {
        [PERSON_KEYS]: ['is encrypted by pgcrypto with AES-256, and inside that under the person’s key'],
      },
      'neither files nor logs of the database show a value or its pass phrase': {
        [DUMP]: [
          'files of the database, its write-ahead log included, hold no name, address, number, position or face',
        ],
        'test/policy/database-logging.test.ts': [
          'PostgreSQL settings that write values into its log',
          'is refused at start if it would log values, naming the settings to change',
          'that logs every statement without parameters writes no value or passphrase, even on failure',
        ],
      },
      'a search by e-mail uses a keyed blind index and decrypts no table': {
        [PERSON_KEYS]: ['is found by e-mail, number and badge through the blind index, whatever the capitalisation'],
        'test/policy/api-people.test.ts': [
          'a person is created and found by complete e-mail, number or badge through the blind index, never by part of one',
        ],
      },
    },
  },
  P11: {
    requirement: 'Every access to PII is audit-logged',
    parts: {
      'change and audit row are one transaction': {
        [REGISTER]: [
          'change and audit row are one transaction: without the row nothing changes',
          'a refused request changes nothing, notifies nobody, and leaves an audit row',
          'repeated identical errors of a session share a second row with their count',
        ],
        [CHAIN]: ['a row is committed or rolled back with the transaction that it records'],
      },
      'reads too, on every route, and of the log itself as well': {
        [ROUTES]: ['%s admits only the roles it declares', 'that returned personal data left a row in the audit log'],
        [AUDIT_LOG]: ['a search of the log is itself audited with the people searched for'],
      },
      'a list view logs who it showed': {
        'test/policy/api-attendance.test.ts': ['a list writes one audit row with the number of people shown'],
        'test/policy/api-http.test.ts': ['an export is a file, and its audit row counts the people in it'],
        'test/policy/live-roles.test.ts': ['%s sees names, and the audit log says whose before they are sent'],
      },
      'nothing personal leaves a route that declares none': {
        [ROUTES]: ['no route returns personal data without declaring it'],
      },
    },
  },
  P12: {
    requirement: 'An encryption service with encrypt and decrypt for strings',
    parts: {
      'what was sealed opens, in its place alone': {
        [ENVELOPE]: [
          'opens in its own place to the sealed content',
          'is refused with an error code when any bit is flipped or the end is cut off',
        ],
        [PERSON_KEYS]: ['opens only what was sealed under it, in the same place, for the same person'],
      },
      'envelopes name their key’s version, so that keys rotate': {
        'test/policy/rotation-columns.test.ts': [
          'is re-encrypted, reads as before, and opens with none of the old keys',
        ],
      },
    },
  },
};
