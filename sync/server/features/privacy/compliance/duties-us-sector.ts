import type { Law } from './duties.ts';

/** 20 U.S.C. § 1232g; 34 CFR Part 99. */
export const FERPA: Law = {
  name: 'FERPA: 34 CFR Part 99',
  duties: [
    {
      ref: '§ 99.3',
      duty: 'Biometric records and attendance are education records',
      control: 'Both are encrypted under the student’s own key',
      rows: ['P1', 'P17'],
    },
    {
      ref: '§ 99.10',
      duty: 'Inspection within 45 days',
      control: 'GET /api/gdpr/export/my-data, immediately; staff can create a link for a parent',
      rows: ['P28'],
    },
    {
      ref: '§ 99.20',
      duty: 'Amendment of records',
      control: 'People can change their profile; corrections add a record and never edit one',
      rows: ['P30'],
      operator: 'The hearing under § 99.21',
    },
    {
      ref: '§ 99.30',
      duty: 'Disclosure only with signed consent',
      control: 'The product discloses nothing by itself; consents carry text version, language and time',
      rows: [],
      tests: ['test/policy/api-people.test.ts'],
    },
    {
      ref: '§ 99.31(a)(1)(ii)',
      duty: 'Reasonable methods to ensure that officials see only what they need',
      control: 'Roles on every route; every list shown is recorded in the audit log',
      rows: ['P11'],
      tests: ['test/policy/every-route.test.ts'],
    },
    {
      ref: '§ 99.32',
      duty: 'Record of each request and disclosure',
      control: 'Exports and reads for each person: audit search --affected',
      rows: ['P11', 'P31'],
    },
    {
      ref: '§ 99.35, 99.37',
      duty: 'Protection and destruction; directory information',
      control: 'Erasure and retention; there is no public directory',
      rows: ['P6', 'P29'],
    },
  ],
};

/** 740 ILCS 14, as amended in 2024. */
export const BIPA: Law = {
  name: 'BIPA: 740 ILCS 14',
  duties: [
    {
      ref: '§ 15(a)',
      duty: 'A public retention schedule; data is destroyed when its purpose ends, at most three years after the last contact',
      control:
        'Unused templates are deleted after 365 days by default, 1095 at most; people without a site are erased; kiosks delete their copies',
      rows: ['P29'],
      tests: ['test/policy/retention.test.ts'],
      operator: 'Publish the schedule; the record of processing contains it',
    },
    {
      ref: '§ 15(b)',
      duty: 'Written information and a written (or electronic) release before collection',
      control: 'No template is created before consent to the customer’s own text is recorded',
      rows: [],
      tests: ['test/policy/api-people.test.ts', 'test/kiosk-ui/kiosk.spec.ts'],
    },
    {
      ref: '§ 15(c)',
      duty: 'No sale, no profit',
      control: 'Templates are never given out, except to the person and their site’s kiosks',
      rows: ['P5'],
    },
    {
      ref: '§ 15(d)',
      duty: 'No disclosure without consent',
      control: 'Templates are decrypted in one place only, and each time is logged',
      rows: ['P5', 'P11'],
    },
    {
      ref: '§ 15(e)',
      duty: 'Reasonable care in storage and transmission',
      control: 'AES-256-GCM at rest with a key for each person; signed and encrypted batches over TLS 1.3',
      rows: ['P1', 'P3', 'P13', 'P21'],
    },
  ],
};
