import type { Law } from './duties.ts';

/** Regulation (EU) 2016/679. */
export const GDPR: Law = {
  name: 'GDPR: Regulation (EU) 2016/679',
  duties: [
    {
      ref: 'Art. 5(1)(a), 6, 9(2)(a)',
      duty: 'Biometric data is processed on an explicit consent that is free',
      control:
        'A template is made only after a recorded consent to a text in the person’s language; PIN, QR code and badge stand beside the face on the first screen; a failed face never records an absence',
      rows: ['P35'],
      tests: ['test/policy/api-people.test.ts', 'test/kiosk-ui/kiosk.spec.ts'],
      operator:
        'Whether consent is free in a relation of employment or school is judged by the controller, in the DPIA',
    },
    {
      ref: 'Art. 5(1)(b), (c)',
      duty: 'Purpose limitation and data minimisation',
      control:
        'GPS can be opted out of, and is then not recorded at all; kiosks get the people of their own sites alone; neither age, sex nor emotion is estimated; faces can be switched off by site',
      rows: ['P9', 'P21'],
      tests: ['test/sync/changes/people.test.ts', 'test/sync/changes/log.test.ts'],
    },
    {
      ref: 'Art. 5(1)(e)',
      duty: 'Storage limitation',
      control:
        'Periods for photos, positions, templates, consents, leavers, quarantine and the audit log; purges each hour with a report, on kiosks each day',
      rows: ['P6', 'P8', 'P32'],
    },
    {
      ref: 'Art. 5(1)(f), 32',
      duty: 'Integrity, confidentiality, security of processing',
      control:
        'A key for each person, AES-256-GCM bound to its place, a second layer in the database, TLS 1.3 alone, encrypted backups that are restored in a test, key rotation',
      rows: ['P1', 'P2', 'P3', 'P4', 'P7', 'P10', 'P12', 'P13', 'P16', 'P17', 'P18', 'P19', 'P20', 'P21'],
    },
    {
      ref: 'Art. 5(2), 24',
      duty: 'Accountability',
      control: 'Every access leaves a row in a log chained by a MAC; this report',
      rows: ['P11', 'P31', 'P33'],
    },
    {
      ref: 'Art. 7(1), (3)',
      duty: 'Consent is proven, and as easily withdrawn as given',
      control:
        'Consents are signed events with text version and language; withdrawing is one tap, and takes the templates at once, here and on every kiosk',
      rows: [],
      tests: ['test/policy/api-people.test.ts', 'test/policy/portal.test.ts'],
    },
    {
      ref: 'Art. 12–14',
      duty: 'Information of the person',
      control: 'The kiosk shows who is responsible, contacts, purposes and periods, in the person’s language',
      rows: ['P35'],
      operator: 'The customer’s own texts, reviewed; set them per language',
    },
    {
      ref: 'Art. 15, 20',
      duty: 'Access and portability',
      control: 'GET /api/gdpr/export/my-data: every table and object that holds anything of the person',
      rows: ['P28'],
    },
    {
      ref: 'Art. 16',
      duty: 'Rectification',
      control: 'Profile endpoints; corrections of attendance as new records beside the old',
      rows: ['P30'],
    },
    {
      ref: 'Art. 17, 19',
      duty: 'Erasure, and notifying recipients of it',
      control:
        'The person’s key is destroyed, rows are unlinked, every object version deleted; each kiosk confirms; a restored backup does not bring them back; a certificate says when the last copy of the key expires; receivers of webhooks are notified',
      rows: ['P29'],
    },
    {
      ref: 'Art. 18',
      duty: 'Restriction of processing',
      control: 'A legal hold keeps what would be purged; withdrawing the consent stops recognition by face',
      rows: [],
      tests: ['test/policy/retention.test.ts'],
      operator: 'There is no switch that restricts every use of a person’s data: decide case by case',
    },
    {
      ref: 'Art. 22',
      duty: 'No decision by machine alone that affects a person significantly',
      control:
        'A record can be taken back at once (“not me”) and corrected; whether two people are one is decided by a person',
      rows: ['P30'],
      tests: ['test/sync/attendance.test.ts', 'test/policy/api-attendance.test.ts'],
    },
    {
      ref: 'Art. 25',
      duty: 'Data protection by design and by default',
      control:
        'Encrypted on the kiosk before it leaves; one place opens templates; unknown or unreviewed consent texts enrol nobody',
      rows: ['P5', 'P7', 'P21'],
    },
    {
      ref: 'Art. 28, 44–49',
      duty: 'Processors and transfers',
      control: 'What goes to the object store is encrypted by us first; region and endpoint are the operator’s choice',
      rows: ['P4', 'P15', 'P18', 'P22'],
      operator:
        'Contracts with those who run servers, object store, mail and programs that are notified of records; their countries',
    },
    {
      ref: 'Art. 30',
      duty: 'Record of processing activities',
      control: 'Written from the live configuration: compliance report --part record',
      rows: ['P33'],
    },
    {
      ref: 'Art. 33, 34',
      duty: 'Breaches: authority within 72 hours, the affected without delay, everything documented',
      control:
        'Incidents with a clock and a timeline; the affected found from the audit log; drafted notices; one command that contains',
      rows: ['P34'],
      operator: 'A person sends the notices',
    },
    {
      ref: 'Art. 35',
      duty: 'Impact assessment',
      control: 'A draft from the live configuration: compliance report --part dpia',
      rows: ['P33'],
      operator: 'To be completed, judged and signed',
    },
    {
      ref: 'Art. 37–39',
      duty: 'Data protection officer',
      control: 'A role of its own; the contact is configurable and on the kiosk’s privacy screen',
      rows: ['P35'],
    },
  ],
};
