import type { Law } from './duties.ts';

/** 20 U.S.C. § 1232g; 34 CFR Part 99. */
export const FERPA: Law = {
  name: 'FERPA: 34 CFR Part 99',
  duties: [
    {
      ref: '§ 99.3',
      duty: 'Biometric records and attendance are education records',
      control: 'Both are sealed under the student’s own key',
      rows: ['P1', 'P17'],
    },
    {
      ref: '§ 99.10',
      duty: 'Inspection within 45 days',
      control: 'GET /api/gdpr/export/my-data at once; staff can make a link for a parent',
      rows: ['P28'],
    },
    {
      ref: '§ 99.20',
      duty: 'Amendment of records',
      control: 'Profile endpoints; a correction is a new record beside the old',
      rows: ['P30'],
      operator: 'The hearing of § 99.21',
    },
    {
      ref: '§ 99.30',
      duty: 'Disclosure on a signed consent alone',
      control: 'Nothing is disclosed by the product; consents have text version, language and time',
      rows: [],
      tests: ['test/policy/api-people.test.ts'],
    },
    {
      ref: '§ 99.31(a)(1)(ii)',
      duty: 'Reasonable methods that officials see only what they need',
      control: 'Roles on every route; every list is a row in the audit log',
      rows: ['P11'],
      tests: ['test/policy/every-route.test.ts'],
    },
    {
      ref: '§ 99.32',
      duty: 'Record of each request and disclosure',
      control: 'Exports and reads by person: audit search --affected',
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
      duty: 'A public retention schedule; destroyed when the purpose ends, three years after the last contact at the latest',
      control:
        'Templates expire when unused, 365 days by default and 1095 at most; leavers are erased; kiosks drop theirs',
      rows: ['P29'],
      tests: ['test/policy/retention.test.ts'],
      operator: 'The schedule is to be published: the record of processing prints it',
    },
    {
      ref: '§ 15(b)',
      duty: 'Information in writing and a written (also electronic) release before collection',
      control: 'No template before a recorded consent to the customer’s own text',
      rows: [],
      tests: ['test/policy/api-people.test.ts', 'test/kiosk-ui/kiosk.spec.ts'],
    },
    {
      ref: '§ 15(c)',
      duty: 'No sale, no profit',
      control: 'Templates are write-only: no route gives them out but to the person and their site’s kiosks',
      rows: ['P5'],
    },
    {
      ref: '§ 15(d)',
      duty: 'No disclosure without consent',
      control: 'One place opens templates, each time with a row',
      rows: ['P5', 'P11'],
    },
    {
      ref: '§ 15(e)',
      duty: 'Reasonable care in storing and transmitting',
      control: 'AES-256-GCM by person at rest, signed and sealed batches over TLS 1.3',
      rows: ['P1', 'P3', 'P13', 'P21'],
    },
  ],
};
