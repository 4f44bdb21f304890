import type { Law } from './duties.ts';

/** Regulation (EU) 2016/679. */
export const GDPR: Law = {
  name: 'GDPR: Regulation (EU) 2016/679',
  duties: [
    {
      ref: 'Art. 5(1)(a), 6, 9(2)(a)',
      duty: 'Biometric data is processed only with explicit, freely given consent',
      control:
        'A face template is created only after consent to a text in the person’s language is recorded; PIN, QR code and badge are offered beside the face on the first screen; a face that isn’t recognised never counts as an absence',
      rows: ['P35'],
      tests: ['test/policy/api-people.test.ts', 'test/kiosk-ui/kiosk.spec.ts'],
      operator: 'The controller assesses in the DPIA whether consent can be freely given at work or school',
    },
    {
      ref: 'Art. 5(1)(b), (c)',
      duty: 'Purpose limitation and data minimisation',
      control:
        'People can opt out of location recording; kiosks receive only the people of their own site; age, sex and emotion are never estimated; face recognition can be switched off for each site',
      rows: ['P9', 'P21'],
      tests: ['test/sync/changes/people.test.ts', 'test/sync/changes/log.test.ts'],
    },
    {
      ref: 'Art. 5(1)(e)',
      duty: 'Storage limitation',
      control:
        'Retention periods for photos, locations, templates, consents, people without a site, quarantine and the audit log; data is deleted every hour, and on kiosks every day, with reports',
      rows: ['P6', 'P8', 'P32'],
    },
    {
      ref: 'Art. 5(1)(f), 32',
      duty: 'Integrity, confidentiality, security of processing',
      control:
        'A key for each person, AES-256-GCM bound to each field, a second layer of encryption in the database, TLS 1.3 only, encrypted backups with tested restore, key rotation',
      rows: ['P1', 'P2', 'P3', 'P4', 'P7', 'P10', 'P12', 'P13', 'P16', 'P17', 'P18', 'P19', 'P20', 'P21'],
    },
    {
      ref: 'Art. 5(2), 24',
      duty: 'Accountability',
      control: 'Every access is recorded in a tamper-evident log; this report',
      rows: ['P11', 'P31', 'P33'],
    },
    {
      ref: 'Art. 7(1), (3)',
      duty: 'Consent can be proven, and withdrawn as easily as given',
      control:
        'Consents are signed events with text version and language; consent is withdrawn with one tap, which deletes the templates immediately, on the server and on every kiosk',
      rows: [],
      tests: ['test/policy/api-people.test.ts', 'test/policy/portal.test.ts'],
    },
    {
      ref: 'Art. 12–14',
      duty: 'Informing people',
      control: 'The kiosk shows the controller, contacts, purposes and retention periods in the person’s language',
      rows: ['P35'],
      operator: 'Your own reviewed consent texts, one for each language',
    },
    {
      ref: 'Art. 15, 20',
      duty: 'Access and portability',
      control: 'GET /api/gdpr/export/my-data: everything stored about the person, from every table and object',
      rows: ['P28'],
    },
    {
      ref: 'Art. 16',
      duty: 'Rectification',
      control: 'People can change their profile; attendance is corrected by adding records, never by editing',
      rows: ['P30'],
    },
    {
      ref: 'Art. 17, 19',
      duty: 'Erasure, and notification of recipients',
      control:
        'The person’s key is destroyed, rows are unlinked, every object version deleted; each kiosk confirms; a restored backup does not bring them back; a certificate says when the last copy of the key expires; receivers of webhooks are notified',
      rows: ['P29'],
    },
    {
      ref: 'Art. 18',
      duty: 'Restriction of processing',
      control: 'A legal hold keeps data that would be deleted; withdrawing consent stops face recognition',
      rows: [],
      tests: ['test/policy/retention.test.ts'],
      operator: 'No single switch restricts every use of a person’s data: decide case by case',
    },
    {
      ref: 'Art. 22',
      duty: 'No solely automated decisions with significant effects',
      control:
        'People can void a record immediately (“Not me”) and have it corrected; a person decides whether two entries are the same person',
      rows: ['P30'],
      tests: ['test/sync/attendance.test.ts', 'test/policy/api-attendance.test.ts'],
    },
    {
      ref: 'Art. 25',
      duty: 'Data protection by design and by default',
      control:
        'Data is encrypted before it leaves the kiosk; templates are decrypted in one place only; no one can be enrolled under an unknown or unreviewed consent text',
      rows: ['P5', 'P7', 'P21'],
    },
    {
      ref: 'Art. 28, 44–49',
      duty: 'Processors and transfers',
      control: 'Data is encrypted before it goes to the object store; the operator chooses region and endpoint',
      rows: ['P4', 'P15', 'P18', 'P22'],
      operator:
        'Contracts with the providers of servers, object store, mail and webhook receivers, and the countries they are in',
    },
    {
      ref: 'Art. 30',
      duty: 'Record of processing activities',
      control: 'Generated from the live configuration: compliance report --part record',
      rows: ['P33'],
    },
    {
      ref: 'Art. 33, 34',
      duty: 'Breaches: notify the authority within 72 hours and the people affected without delay; document everything',
      control:
        'Incidents with a deadline and a timeline; the people affected are found in the audit log; drafted notices; one command to contain a breach',
      rows: ['P34'],
      operator: 'Someone must send the notices',
    },
    {
      ref: 'Art. 35',
      duty: 'Impact assessment',
      control: 'A draft generated from the live configuration: compliance report --part dpia',
      rows: ['P33'],
      operator: 'Complete, assess and sign it',
    },
    {
      ref: 'Art. 37–39',
      duty: 'Data protection officer',
      control:
        'The data protection officer has their own role; their contact is configurable and shown on the kiosk’s privacy screen',
      rows: ['P35'],
    },
  ],
};
