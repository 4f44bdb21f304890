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
          'Debian’s sqlcipher opens the store with the derived key, and not with another',
        ],
        'test/store/review.test.ts': [
          'is nowhere in the clear, nor whose it is, while open and when closed; and opens for anyone who has the store',
        ],
      },
      'on the server neither files nor a dump of the database hold a face': {
        [DUMP]: [
          'files of the database, its write-ahead log included, hold no name, address, number, position or face',
          'a dump shows none of it',
        ],
        [PERSON_KEYS]: ['opens with none of the two environment keys exchanged'],
      },
      'a ciphertext is bound to person, record, field and version': {
        [STORE]: [
          'opens at its own place alone',
          'does not open when any one part of its place is another',
          'does not open with any bit changed, cut or added',
        ],
        [ENVELOPE]: ['opens in its own place to the sealed content', 'does not open under another %s'],
        [PERSON_KEYS]: ['opens what was sealed under it, in its place, and no other person’s'],
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
          'open for their own record alone: altered, swapped, renamed or missing ones have a code',
        ],
        [PERSON_KEYS]: ['does not open in another person’s row, nor as an earlier version of itself'],
      },
      'an old value can’t be put back': {
        [STORE]: ['can’t put an old name, opt-out or PIN back'],
        [PERSON_KEYS]: ['does not open in another person’s row, nor as an earlier version of itself'],
      },
    },
  },
  P2: {
    requirement: 'Keys are derived from the system encryption key plus a secret key',
    parts: {
      'both keys are needed, on the server': {
        [ENVELOPE]: ['does not open for another purpose, or when either environment key differs'],
        [PERSON_KEYS]: ['opens with none of the two environment keys exchanged'],
      },
      'both secrets are needed, on a kiosk': {
        [KIOSK_KEYS]: ['with another device secret, provisioning secret, or none'],
      },
      'by HKDF-SHA-256': {
        [KIOSK_KEYS]: ['derive by HKDF-SHA-256 as RFC 5869 has it'],
        [ENVELOPE]: [
          'is AES-256-GCM under an HKDF-SHA-256 key from both environment keys, as in another implementation',
        ],
      },
      'one sub-key a purpose': {
        [KIOSK_KEYS]: ['give one sub-key a purpose: all differ, and none shows another'],
        [ENVELOPE]: ['does not open for another purpose, or when either environment key differs'],
        'test/policy/keys-page.test.ts': [
          'the page of keys names every sub-key, of the server and of a kiosk, and every secret of the environment',
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
          'open for their own record alone: altered, swapped, renamed or missing ones have a code',
        ],
      },
      'no plaintext touches the disk, temporary files included': {
        'test/store/no-plaintext.test.ts': [
          'nothing of a face, name or PIN is written in the clear, to no file at all, temporary ones included',
        ],
      },
      'nor by a crash: no process of the kiosk can dump its memory': {
        'test/hosts/browser-host.test.ts': [
          'writes no memory to the disk: the core is started with no space for a dump, whatever the limit was',
        ],
        'test/kiosk-image/install.test.ts': ['no memory reaches a disk: no core dumps, no swap'],
      },
      'flushed before it counts: temporary file, fsync, rename, fsync of the folder': {
        'test/store/no-plaintext.test.ts': [
          'nothing of a face, name or PIN is written in the clear, to no file at all, temporary ones included',
        ],
      },
      'a power cut at any moment loses none that was confirmed': {
        'test/powercut/powercut.test.ts': [
          'a power cut loses nothing that was confirmed, and nobody has to come: %s (seed …)',
        ],
      },
      'written whole or not at all': {
        [STORE]: [
          'that no record refers to, and temporary files, are gone after the next start',
          'whose record could not be written are removed again',
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
          'face files are in the store as the kiosk’s ciphertext, encrypted by the store as well',
        ],
      },
      'encrypted by us before the upload as well': {
        'test/policy/backup-recovery.test.ts': [
          'face files are in the store as the kiosk’s ciphertext, encrypted by the store as well',
        ],
        [DUMP]: ['no version of any object in the bucket holds any of it'],
      },
    },
  },
  P5: {
    requirement: 'Only authorised API endpoints can decrypt facial data',
    parts: {
      'a route lets in the roles that it declares alone': {
        [ROUTES]: ['%s lets in the roles that it declares, and nobody else'],
      },
      'one place in the code decrypts each kind of it, seen by watching every decryption': {
        'test/policy/faces-opened.test.ts': ['what kiosks are sent, every job, and a merge leave theirs'],
        [AUDIT_LOG]: ['one place in the server’s code opens templates, and nothing gets there without an audit row'],
      },
      'each decryption leaves an audit row': {
        'test/policy/faces-opened.test.ts': [
          'whatever is read over a route, by whichever role: where a face comes out a row says so',
          'what kiosks are sent, every job, and a merge leave theirs',
          'the watch sees a decryption: a row that is left out is missed',
        ],
        [AUDIT_LOG]: [
          'a page that gives templates to a kiosk leaves a row that says whose; a page without people leaves none',
          'the search for people who were enrolled twice, and a merge, leave their rows',
        ],
      },
      'where the row can’t be written nothing leaves': {
        [AUDIT_LOG]: ['where the row can not be written, no page leaves'],
      },
    },
  },
  P6: {
    requirement: 'Verification photos kept 90 days; enrolment kept until its person asks for deletion',
    parts: {
      'the server purges photos after 90 days, and no setting makes it longer': {
        [RETENTION]: [
          'photos go after 90 days and positions after 30, records stay; the report says what, how many, and the oldest left',
          'no longer than the policy allows',
        ],
      },
      'in the object store too, in every version': {
        'test/policy/photos-in-store.test.ts': [
          'those of check-ins go after 90 days in every version, by the hourly purge alone; those of enrolments stay',
        ],
      },
      'enrolment photos stay until their person is erased': {
        'test/policy/photos-in-store.test.ts': [
          'those of check-ins go after 90 days in every version, by the hourly purge alone; those of enrolments stay',
        ],
        [KIOSK_RETENTION]: [
          'removes photos after 90 days and positions after 30, keeps check-ins and enrolment photos, and reports counts',
        ],
      },
      'a kiosk purges too': {
        [KIOSK_RETENTION]: [
          'removes photos after 90 days and positions after 30, keeps check-ins and enrolment photos, and reports counts',
          'does not keep a record alive that was made while the clock was ahead',
        ],
        [RETENTION]: [
          'a kiosk’s own purges are known by its word; one that is silent for too long is overdue, a revoked one is not',
        ],
      },
      'also when it has been offline for months': {
        [KIOSK_RETENTION]: ['wipes on time though the clock was set back, without network, over restarts'],
        [RETENTION]: [
          'what a kiosk sends after months offline goes at once, and a clock that runs ahead keeps nothing',
        ],
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
          'lies apart, as the kiosk sealed it and under the person’s key; its purge leaves the rest and the chain',
        ],
        [DUMP]: ['a dump shows none of it'],
      },
      'the broker never sees them': {
        'test/sync/mqtt-broker.test.ts': [
          'its operator, who reads everything, sees no name, no position, and no word of an event',
        ],
      },
    },
  },
  P8: {
    requirement: 'GPS data is purged after 30 days, automatically',
    parts: {
      'after 30 days on the server, wherever a position is': {
        [RETENTION]: [
          'photos go after 90 days and positions after 30, records stay; the report says what, how many, and the oldest left',
          'a position in an event that could not be taken goes after 30 days too, and the rest of it stays',
          'the policy of a site shortens the period at that site, and can not lengthen it',
          'no longer than the policy allows',
        ],
      },
      'and on the kiosk, by itself': {
        [KIOSK_RETENTION]: [
          'removes photos after 90 days and positions after 30, keeps check-ins and enrolment photos, and reports counts',
          'runs by itself once a day of trusted time, and gives events their trusted offset',
        ],
      },
      'each purge reports what it removed': {
        [RETENTION]: [
          'photos go after 90 days and positions after 30, records stay; the report says what, how many, and the oldest left',
        ],
        [KIOSK_RETENTION]: [
          'removes photos after 90 days and positions after 30, keeps check-ins and enrolment photos, and reports counts',
        ],
      },
    },
  },
  P9: {
    requirement: 'A person can opt out of GPS tracking',
    parts: {
      'by themselves, on their own page and at a kiosk': {
        'test/portal/portal.spec.ts': [
          'shows what is held; name and address are corrected by keyboard, and positions opted out of',
        ],
        [PORTAL]: ['an opt-out that was said at a kiosk takes the positions that are held too'],
      },
      'it reaches every kiosk, and no server undoes it': {
        [PORTAL]: [
          'an opt-out reaches every kiosk: their check-ins have no coordinates at all, not even a hash; what is held goes, and what comes late is not kept',
        ],
        'test/store/roster.test.ts': ['an opt-out from positions is never undone by the server'],
      },
      'their check-ins carry no coordinates at all': {
        [PLACES]: ['a person who opted out is not located: no fix is even read'],
        'test/store/store.test.ts': ['carry no coordinates for someone who opted out, no matter who passes them'],
      },
    },
  },
  P10: {
    requirement:
      'Names, e-mails, phone numbers: database-level encryption (PostgreSQL pgcrypto) and application-level encryption for sensitive fields',
    parts: {
      'pgcrypto with AES-256 outside, the person’s key inside': {
        [PERSON_KEYS]: ['is in the database under pgcrypto with AES-256, and below that under the person’s key'],
      },
      'neither files nor logs of the database show a value or its pass phrase': {
        [DUMP]: [
          'files of the database, its write-ahead log included, hold no name, address, number, position or face',
        ],
        'test/policy/database-logging.test.ts': [
          'which settings of PostgreSQL write values into its log',
          'is refused at the start with what to set, where it would write values',
          'that logs every statement and no parameters never writes a value or a pass phrase, not even of a failure',
        ],
      },
      'a search by e-mail uses a keyed blind index and decrypts no table': {
        [PERSON_KEYS]: ['is found by e-mail, number and badge through the blind index, however the address is written'],
        'test/policy/api-people.test.ts': [
          'a person is made, found by e-mail, number or badge through the blind index, and never by a part of one',
        ],
      },
    },
  },
  P11: {
    requirement: 'Every access to PII is audit-logged',
    parts: {
      'change and audit row are one transaction': {
        [REGISTER]: [
          'change and audit row are one transaction: without the row there is no change',
          'what is refused changes nothing, notifies nobody, and leaves a row that says so',
          'errors of one session that are alike share a second row, which says how many they were',
        ],
        [CHAIN]: ['a row is committed or rolled back with the transaction that it records'],
      },
      'reads too, on every route, and of the log itself as well': {
        [ROUTES]: [
          '%s lets in the roles that it declares, and nobody else',
          'that reads something personal and answered left a row in the audit log',
        ],
        [AUDIT_LOG]: ['a search of the log leaves a row itself, and says who it looked for'],
      },
      'a list view logs who it showed': {
        'test/policy/api-attendance.test.ts': ['a list leaves one audit row that counts the people it showed'],
        'test/policy/api-http.test.ts': ['an export comes as a file, and its audit row counts the people it named'],
        'test/policy/live-roles.test.ts': ['%s sees names, and the audit log says whose before they are sent'],
      },
      'nothing personal leaves a route that declares none': {
        [ROUTES]: ['no route answers with what is someone’s and declares that it touches nothing personal'],
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
        [PERSON_KEYS]: ['opens what was sealed under it, in its place, and no other person’s'],
      },
      'envelopes name their key’s version, so that keys rotate': {
        'test/policy/rotation-columns.test.ts': [
          'is re-encrypted, reads as before, and opens by none of the keys before',
        ],
      },
    },
  },
};
