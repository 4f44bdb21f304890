import type { Row } from '../rows.ts';

const OBJECTS = 'sync/server/platform/objects/store.test.ts';
const BUCKET = 'sync/server/platform/objects/bucket/setup.test.ts';
const BACKUP = 'test/policy/backup.test.ts';
const BACKUP_KEYS = 'test/policy/backup-keys.test.ts';
const DUMP = 'test/policy/dump.test.ts';
const HYGIENE = 'test/policy/key-hygiene.test.ts';
const ROTATION = 'test/policy/key-rotation.test.ts';
const POSTGRES = 'test/sync/postgres.test.ts';
const DEVICES = 'test/sync/server-devices.test.ts';
const LIVE = 'test/policy/live-roles.test.ts';
const CONSOLE = 'test/sync/server-console.test.ts';
const IAM = 'test/policy/iam.test.ts';

/** How data travels, keys and the object store: P13 to P27. */
export const TRANSPORT: Readonly<Record<string, Row>> = {
  P13: {
    requirement: 'All API endpoints speak TLS 1.3 only',
    parts: {
      'on every listener': {
        'test/security/tls-scan.test.ts': ['finds only TLS 1.3 and nothing weak on the listener of %s'],
        [DEVICES]: ['%s uses only TLS 1.3'],
        'sync/server/app/health/health.test.ts': [
          'speaks plain HTTP only on a loopback address; elsewhere it requires TLS 1.3 and a token to start',
        ],
      },
      'TLS 1.2 is refused': {
        'test/sync/mqtt.test.ts': ['every port refuses TLS 1.2 and accepts TLS 1.3'],
        'test/sync/mqtt-broker.test.ts': [
          'a Mosquitto started without its OpenSSL configuration still accepts no TLS 1.2',
        ],
        'test/security/sync-adversary-sockets.test.ts': ['1.2 is refused on the port for %s'],
      },
      'plain HTTP never answers off the loopback interface': {
        [DEVICES]: ['%s gives plain HTTP no answer'],
        'sync/server/app/health/health.test.ts': [
          'speaks plain HTTP only on a loopback address; elsewhere it requires TLS 1.3 and a token to start',
        ],
      },
    },
  },
  P14: {
    requirement: 'Real-time notifications over secure WebSocket',
    parts: {
      'news arrive as they are committed': {
        [CONSOLE]: ['sends a check-in when it is committed, and resumes without repeating'],
      },
      'authenticated, and closed when the session ends': {
        [CONSOLE]: ['is refused without a session, without an Origin, and from another Origin'],
        [LIVE]: [
          'opens only for people who may see the board, and only from our own pages',
          'repeated attempts are limited, and don’t fill the audit log',
          'closes as soon as its session ends by sign-out, disabling or a role change',
        ],
        'sync/server/app/live/hub.test.ts': ['disconnects a reader whose session has ended or that does not answer'],
      },
      'each role sees what is its own': {
        [LIVE]: [
          '%s sees names, and the audit log says whose before they are sent',
          'an auditor sees that something happened, but no names',
        ],
      },
      'resumed after a drop': {
        [LIVE]: ['a reconnecting page continues where it stopped'],
        [CONSOLE]: ['sends a check-in when it is committed, and resumes without repeating'],
      },
      'on a listener that speaks TLS 1.3 alone': { [DEVICES]: ['%s uses only TLS 1.3'] },
    },
  },
  P15: {
    requirement: 'S3 uploads over HTTPS only, with server-side encryption',
    parts: {
      'a store without TLS is refused, by us and by the bucket’s policy': {
        [OBJECTS]: ['a store without TLS is refused'],
        [BUCKET]: ['the text of the policy'],
      },
      'server-side encryption is asked for': {
        [OBJECTS]: ['a stored object is returned with its SHA-256, and the store is asked to encrypt it'],
      },
      'checksums are verified on read-back': {
        [OBJECTS]: ['an upload is read back rather than trusted, and refused if the store altered it'],
      },
    },
  },
  P16: {
    requirement: 'PostgreSQL connections require TLS',
    parts: {
      'TLS 1.3, and nothing without it': {
        [POSTGRES]: ['uses only TLS 1.3', 'is refused if the server offers only TLS 1.2, or none'],
      },
      'with the CA and the name verified': {
        [POSTGRES]: ['is refused if the certificate is from another CA or for another name'],
        'build/compose/compose.test.ts': [
          'the database’s certificate is for its host name in compose.yaml, and issued by the CA that the server pins',
        ],
      },
    },
  },
  P17: {
    requirement: 'Sensitive columns use application-level encryption',
    parts: {
      'under the person’s key': {
        'test/policy/person-keys.test.ts': [
          'is encrypted by pgcrypto with AES-256, and inside that under the person’s key',
        ],
      },
      'a dump of the database shows no personal byte': {
        [DUMP]: [
          'a dump contains none of it',
          'files of the database, its write-ahead log included, hold no name, address, number, position or face',
        ],
      },
      'nor does the log': {
        'test/policy/logs.test.ts': [
          'names nobody and contains no key, token, password or position, whatever goes wrong',
        ],
      },
    },
  },
  P18: {
    requirement: 'Database backups are encrypted before they reach S3',
    parts: {
      'no byte in the bucket is readable': {
        [BACKUP]: ['nothing in the bucket is readable, neither table names nor contents'],
        [DUMP]: ['no version of any object in the bucket contains any of it'],
      },
      'other keys open none, and an altered one is refused': {
        [BACKUP]: [
          'no backup opens with other environment keys',
          'a missing, altered, truncated or swapped object is refused, and leaves nothing in the database',
        ],
        'sync/server/platform/objects/sealed/stream.test.ts': [
          'refuses a chunk that is missing, repeated, moved, altered or from another stream, and a stream cut at a chunk',
          'a stream of another kind, of another backup or under another key does not open',
        ],
      },
      'restored into an empty database': {
        [BACKUP]: ['a backup restored into an empty database has every row of every table'],
        'test/policy/backup-recovery.test.ts': [
          'is restored from its backup on another machine, and the kiosk reconnects and sends what the backup lacks',
        ],
      },
    },
  },
  P19: {
    requirement: '`ENCRYPTION_KEY` (AES-256) comes from the environment; keys are never in code or database',
    parts: {
      'from the environment, or a file that it names': {
        'sync/server/platform/secrets/files.test.ts': [
          'keys come from the environment or from files that it names, such as container secrets and systemd credentials',
        ],
        'test/policy/keys-page.test.ts': [
          'every variable that holds a secret is removed from the environment, and may be given as a file',
          'the keys page names every derived key of the server and of a kiosk, and every secret in the environment',
        ],
      },
      'never in code, nor in an image': {
        'build/checks/checks.test.ts': [
          'the product’s own %s is found in every encoding',
          'a secret that was committed and removed is found in the history, and an uncommitted one in the working tree',
        ],
        'build/compose/compose.test.ts': ['no file made by prepare.sh gets into an image or a commit'],
      },
      'never in the database, nor in any file, child or report': {
        [HYGIENE]: ['stay inside the server process: they reach no child, report, log, error or file'],
      },
      'nor in logs': {
        'sync/server/platform/logs/logs.test.ts': [
          'contains nothing that an error was given: no value, name, address, position, key or token',
          'withholds an undeclared field, and a declared field with another shape',
        ],
        'test/policy/logs.test.ts': [
          'names nobody and contains no key, token, password or position, whatever goes wrong',
        ],
        [DUMP]: ['no log line contains any of it, or a key'],
        'test/sync/server-process.test.ts': [
          'prints one line of JSON when ready, logs no names, and stops cleanly; another home’s keys open nothing',
        ],
        'test/policy/database-logging.test.ts': [
          'that logs every statement without parameters writes no value or passphrase, even on failure',
        ],
      },
      'nor in error messages': {
        'sync/server/app/config.test.ts': [
          'lists every wrong variable at once and shows no value',
          'never prints a key',
        ],
        'test/sync/server-process.test.ts': ['reports every configuration error, and shows no key'],
      },
      'nor in core dumps': {
        [HYGIENE]: [
          'stay inside an operator’s command as well, and its memory is never dumped',
          'core dumps are prevented, reported where they can’t be, and refused where requested',
        ],
        'build/systemd/units.test.ts': [
          '%s: no core dump, no swap, and no standard output in the journal except the broker’s',
        ],
      },
      'a weak or malformed key is refused at start': {
        [HYGIENE]: ['are refused at start if they are %s, without being repeated'],
        'sync/server/app/config.test.ts': ['refuses two equal keys, half a certificate, and two listeners on one port'],
      },
    },
  },
  P20: {
    requirement: 'Manual key rotation, with data re-encryption',
    parts: {
      'by a command, with every sealed column re-encrypted': {
        'test/cli/keys.test.ts': [
          'rotate says what it needs if there are no new keys, and a dry run changes nothing',
          'rotate re-encrypts everything; the old keys then start nothing, and status says they are no longer needed',
        ],
        'test/policy/rotation-columns.test.ts': [
          'is re-encrypted, reads as before, and opens with none of the old keys',
        ],
        'test/policy/keys-page.test.ts': ['the keys page names the key of every encrypted column'],
      },
      'the service stays up': {
        [ROTATION]: [
          'with re-encryption the old person keys open nothing either, and the server stays available',
          'waits for a transaction that locks a table for long, and then continues',
        ],
        'test/cli/keys.test.ts': ['rotate works through the running server, which stays available'],
      },
      'resumable: a kill at any moment loses nothing': {
        'test/policy/key-rotation-kills.test.ts': [
          'is killed … times at random moments under load: nothing is lost, and the old keys open nothing at the end',
        ],
      },
      'afterwards the old key opens nothing, in the database': {
        [ROTATION]: [
          'leaves everything readable with the new keys only, and nothing that the old keys open',
          'begins only when every process has both key pairs, and refuses to start without a pair that is needed',
          'the database itself refuses writes of a process that missed the switch',
          'keeps the old keys while they encrypt anything unknown',
        ],
      },
      'nor in the backups': {
        [BACKUP_KEYS]: [
          'after a rotation and `backup rekey` the old keys open nothing in the bucket, and the new ones every backup',
        ],
      },
      'nor on a kiosk, whose rekey takes pictures along': {
        'test/store/review.test.ts': ['a rekey includes waiting pictures, and the old key opens none'],
        'test/store/kill.test.ts': [
          'changes the page key and its wrapping, keeps everything else, and the old key opens nothing',
          'in the middle of a rekey: the store opens, nothing is lost, and only one key is left',
        ],
      },
      'audit rows of before and after verify in one chain': {
        'sync/server/platform/audit/audit.test.ts': [
          'rows from before and after a new audit key verify in one chain, each under its own key',
        ],
      },
    },
  },
  P21: {
    requirement: 'Only the backend has the encryption keys',
    parts: {
      'they stay in its process': {
        [HYGIENE]: ['stay inside the server process: they reach no child, report, log, error or file'],
      },
      'a kiosk has keys of its own, and opens no other kiosk’s store': {
        'test/store/keys.test.ts': [
          'with another device secret, provisioning secret, or none',
          'replaced by garbage, by another kiosk’s store, or missing',
        ],
      },
      'nor what the server sends to another kiosk': {
        'test/sync/messages.test.ts': ['is answered by a page that only that device can open, with its epoch’s ack'],
        'test/sync/changes/people.test.ts': [
          'reaches the site’s other kiosks with all values and templates, and no other site',
        ],
      },
    },
  },
  P22: {
    requirement: '`AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `S3_BUCKET_NAME`, `AWS_REGION` configure S3',
    parts: {
      'those four are enough; any other store by its URL': {
        [OBJECTS]: ['four variables are enough for AWS, and any other store is named by its URL'],
      },
      'a store by its URL is used': {
        [OBJECTS]: ['a stored object is returned with its SHA-256, and the store is asked to encrypt it'],
      },
    },
    limits: 'Amazon’s own S3 is never asked: the store of these tests is a double (moto) on this machine.',
  },
  P23: {
    requirement: 'SSE-S3 or SSE-KMS',
    parts: {
      'SSE-S3 unless something else is said': {
        [OBJECTS]: ['a stored object is returned with its SHA-256, and the store is asked to encrypt it'],
      },
      'SSE-KMS by configuration, for objects and bucket': {
        [OBJECTS]: ['configuration selects SSE-KMS'],
        [BUCKET]: ['SSE-KMS with its own key is configured and audited'],
      },
    },
  },
  P24: {
    requirement: 'Private bucket, no public access',
    parts: {
      'one command sets it up, and one audits it': {
        'test/cli/backup-bucket.test.ts': [
          '`backup setup` creates it, `backup audit` finds loosened rules, and setup restores them',
        ],
      },
      'the set-up makes it private, and changes nothing the second time': {
        [BUCKET]: [
          'one command makes the bucket private, versioned, encrypted and expiring, and a second run changes nothing',
        ],
      },
      'an audit finds each thing that someone opened': {
        [BUCKET]: ['the audit finds each changed setting, and setup restores it'],
      },
    },
    limits:
      'That the bucket then refuses a stranger: the double serves anyone. Its settings are read back as the store keeps them.',
  },
  P25: {
    requirement: 'Least-privilege IAM',
    parts: {
      'the policies ship, one a role, with exactly what the code asks for': {
        [IAM]: [
          'each role may do exactly what the code does in it',
          'no policy has a wildcard action or reaches another bucket',
        ],
      },
      'a store that enforces them lets each role do that, and refuses the rest': {
        'test/policy/iam-enforced.test.ts': ['users with the IAM policies that ship'],
      },
      'one role alone deletes, and never a backup': {
        [IAM]: ['only the erasing role deletes, and never backups, manifests, tombstones or audit anchors'],
      },
    },
    limits:
      'Amazon’s own IAM is never asked. The double enforces action and resource of a request; not conditions, bucket policies, KMS grants, nor each key of a request that deletes many.',
  },
  P26: {
    requirement: 'Bucket versioning for disaster recovery',
    parts: {
      'set by the set-up, missed by the audit': {
        [BUCKET]: [
          'one command makes the bucket private, versioned, encrypted and expiring, and a second run changes nothing',
          'the audit finds each changed setting, and setup restores it',
        ],
      },
      'a plain delete erases nothing; an erasure deletes every version': {
        [OBJECTS]: ['every version and delete marker of that object is deleted, and of no other'],
      },
      'a lost machine is restored from it': {
        'test/policy/backup-recovery.test.ts': [
          'is restored from its backup on another machine, and the kiosk reconnects and sends what the backup lacks',
        ],
      },
    },
  },
  P27: {
    requirement: 'Lifecycle: Glacier after 90 days',
    parts: {
      'backups go to Glacier after 90 days; photos expire instead': {
        [BUCKET]: [
          'one command makes the bucket private, versioned, encrypted and expiring, and a second run changes nothing',
        ],
      },
      'a restore handles the thaw': {
        [BACKUP_KEYS]: ['an archived backup is requested, says when to retry, and is restored once it is available'],
      },
    },
    limits:
      'That the store obeys its lifecycle rules after 90 days: they are read back, and no day passes in a double.',
  },
};
