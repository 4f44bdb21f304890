import { existsSync } from 'node:fs';
import {
  type Answers,
  checkBroker,
  checkCertificate,
  checkDatabase,
  checkMail,
  checkNames,
  checkPorts,
  checkStore,
} from './checks.ts';
import { addsTexts, readConsentTexts, SHIPPED } from './consent-text.ts';

/** The questions of a server's set-up, and how answers are tried. Names are the server's variables, or begin with SETUP_. */

export interface Question {
  readonly name: string;
  readonly text: string;
  /** Contains a secret, so it is hidden while typed. */
  readonly secret?: boolean;
  /** Used if nothing is typed or set; absent: an answer is required. */
  readonly fallback?: string | ((answers: Answers) => string);
  /** The answer that means "not set". */
  readonly unset?: string;
  /** The question is only asked, and required, if this returns true. */
  readonly when?: (answers: Answers) => boolean;
  /** Returns what is wrong with the answer; null if it is valid. */
  readonly wrong?: (value: string) => string | null;
}

export interface Step {
  readonly title: string;
  readonly questions: readonly Question[];
  /** Tries the answers out. @returns notes @throws Problem */
  check?(answers: Answers, before: Answers): Promise<readonly string[]>;
}

const file = (path: string) => (existsSync(path) ? null : `There is no file ${path}.`);
const fileOr = (word: string) => (path: string) => (path === word ? null : file(path));
const set = (name: string, unset: string) => (a: Answers) => (a[name] ?? unset) !== unset;
const hasStore = set('S3_BUCKET_NAME', 'none');
const hasMail = set('SMTP_URL', 'none');
const ownTexts = (a: Answers) => addsTexts(a.SETUP_CONSENT_TEXT);
const email = (text: string) => (/^[^\s@]+@[^\s@]+$/.test(text) ? null : 'That is not an e-mail address.');

export const DATABASE: Step = {
  title: 'Database',
  questions: [
    {
      name: 'SMARTPRESENCE_DATABASE_URL',
      text: 'PostgreSQL as postgres://USER:PASSWORD@HOST/DATABASE?sslmode=verify-full&sslrootcert=/PATH/ca.pem, or: embedded (for evaluation only)',
      secret: true,
      unset: 'embedded',
    },
  ],
  check: checkDatabase,
};

export const STEPS: readonly Step[] = [
  {
    title: 'Names',
    questions: [
      {
        name: 'SMARTPRESENCE_HOSTNAMES',
        text: 'Host names or addresses of this server, the first for links, comma-separated',
      },
    ],
    check: checkNames,
  },
  {
    title: 'Ports',
    questions: [
      { name: 'SMARTPRESENCE_BIND', text: 'IP address to listen on', fallback: '0.0.0.0' },
      { name: 'SMARTPRESENCE_PEOPLE_PORT', text: 'Port of console and portal', fallback: '8443' },
      { name: 'SMARTPRESENCE_DEVICE_PORT', text: 'Port for kiosks', fallback: '8444' },
    ],
    check: checkPorts,
  },
  {
    title: 'Certificate of console and portal',
    questions: [
      {
        name: 'SMARTPRESENCE_PEOPLE_CERT',
        text: 'PEM file of your certificate with its chain, or: own (the server makes one that browsers warn about)',
        unset: 'own',
        wrong: fileOr('own'),
      },
      {
        name: 'SMARTPRESENCE_PEOPLE_KEY',
        text: 'PEM file of its key',
        when: set('SMARTPRESENCE_PEOPLE_CERT', 'own'),
        wrong: file,
      },
    ],
    check: checkCertificate,
  },
  {
    title: 'Site',
    questions: [
      { name: 'SMARTPRESENCE_SITE', text: 'Name of the first site', fallback: 'Main entrance' },
      {
        name: 'SMARTPRESENCE_TIMEZONE',
        text: 'Its time zone',
        fallback: () => new Intl.DateTimeFormat().resolvedOptions().timeZone,
      },
    ],
  },
  {
    title: 'Broker (MQTT), which notifies kiosks of changes at once',
    questions: [
      {
        name: 'SMARTPRESENCE_MQTT',
        text: 'Broker: off (kiosks ask every 20 seconds; you can add one later), embedded (in this server; kiosks are notified at once), or external (a Mosquitto of yours, to be set up afterwards)',
        fallback: 'off',
        wrong: (word) => (['off', 'embedded', 'external'].includes(word) ? null : 'One of: off, embedded, external.'),
      },
      {
        name: 'SMARTPRESENCE_MQTT_URL',
        text: 'Its address, for example mqtts://mqtt.example.org:8883',
        when: (a) => a.SMARTPRESENCE_MQTT === 'external',
      },
    ],
    check: checkBroker,
  },
  {
    title: 'Object store (S3) for photos and backups',
    questions: [
      { name: 'S3_BUCKET_NAME', text: 'Name of the bucket, or: none (no backups)', unset: 'none' },
      { name: 'AWS_REGION', text: 'Its region', when: hasStore, fallback: 'us-east-1' },
      {
        name: 'S3_ENDPOINT_URL',
        text: 'Address of the store (https://…), or: aws',
        when: hasStore,
        unset: 'aws',
        fallback: 'aws',
      },
      {
        name: 'S3_CA_FILE',
        text: 'PEM file of the CA of its certificate, or: public',
        when: (a) => hasStore(a) && (a.S3_ENDPOINT_URL ?? 'aws') !== 'aws',
        unset: 'public',
        fallback: 'public',
        wrong: fileOr('public'),
      },
      { name: 'AWS_ACCESS_KEY_ID', text: 'Access key id', when: hasStore },
      { name: 'AWS_SECRET_ACCESS_KEY', text: 'Secret access key', secret: true, when: hasStore },
    ],
    check: checkStore,
  },
  {
    title: 'Mail server',
    questions: [
      {
        name: 'SMTP_URL',
        text: 'Mail server as smtps://USER:PASSWORD@HOST:465 or smtp://…:587, or: none (staff hand out links themselves)',
        secret: true,
        unset: 'none',
      },
      { name: 'SMTP_FROM', text: 'Sender, an e-mail address', when: hasMail, wrong: email },
      {
        name: 'SMTP_CA_FILE',
        text: 'PEM file of the CA of its certificate, or: public',
        when: hasMail,
        unset: 'public',
        fallback: 'public',
        wrong: fileOr('public'),
      },
    ],
    check: checkMail,
  },
  {
    title: 'Privacy contacts, as the consent text names them',
    questions: [
      { name: 'SETUP_CONTROLLER', text: 'Organisation that runs this place (the controller)' },
      { name: 'SETUP_PRIVACY_CONTACT', text: 'How people reach it about their data' },
      { name: 'SETUP_DPO', text: 'Data protection officer, name or address (“none” if there is none)' },
    ],
  },
  {
    title: 'Consent text, which people read before a face is enrolled',
    questions: [
      {
        name: 'SETUP_CONSENT_TEXT',
        text: 'Text files of your own, one for each language, comma-separated (consent.en.txt: a title, then paragraphs, with empty lines between them), or: built-in (the text that ships)',
        fallback: SHIPPED,
        wrong: (answer) => {
          const texts = addsTexts(answer) ? readConsentTexts(answer) : [];
          return typeof texts === 'string' ? texts : null;
        },
      },
      {
        name: 'SETUP_CONSENT_REVIEWED',
        text: 'Has someone who knows the language and the law reviewed it? yes: it takes effect; no: the data protection officer reviews it in the console',
        when: ownTexts,
        fallback: 'no',
        wrong: (word) => (['yes', 'no'].includes(word) ? null : 'One of: yes, no.'),
      },
    ],
  },
  {
    title: 'First administrator',
    questions: [{ name: 'SETUP_ADMIN', text: 'E-mail address', wrong: email }],
  },
];
