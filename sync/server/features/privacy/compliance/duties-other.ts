import type { Law } from './duties.ts';

/** Cal. Civ. Code § 1798.100 ff., as amended by the CPRA. */
export const CCPA: Law = {
  name: 'CCPA: Cal. Civ. Code § 1798.100 ff. (as amended by the CPRA)',
  duties: [
    {
      ref: '§ 1798.100(a), .130',
      duty: 'Notice at collection, with retention periods',
      control: 'The kiosk’s privacy screen, available before the first record: contacts, purposes, retention periods',
      rows: ['P35'],
    },
    {
      ref: '§ 1798.100(c), (e)',
      duty: 'Data minimisation and storage limitation; reasonable security',
      control: 'Retention periods; encryption with a key for each person; TLS 1.3',
      rows: ['P1', 'P6', 'P8', 'P13', 'P17'],
    },
    {
      ref: '§ 1798.105',
      duty: 'Right to delete',
      control: 'DELETE /api/gdpr/delete/my-account, confirmed by every kiosk',
      rows: ['P29'],
    },
    { ref: '§ 1798.106', duty: 'Right to correct', control: 'Profile endpoints and corrections', rows: ['P30'] },
    {
      ref: '§ 1798.110, .130',
      duty: 'Right to know, in a portable format',
      control: 'GET /api/gdpr/export/my-data, as JSON',
      rows: ['P28'],
    },
    {
      ref: '§ 1798.120, .135',
      duty: 'No sale or sharing without an opt-out',
      control:
        'Data goes only to the operator’s own servers, object store, mail server and webhook receivers; no advertising, no analytics',
      rows: [],
      tests: ['test/hosts/chromium-lockdown.spec.ts'],
    },
    {
      ref: '§ 1798.121',
      duty: 'Limit the use of sensitive data (biometric data, precise location)',
      control: 'Face and location are each optional; opting out applies at every kiosk',
      rows: ['P9'],
      tests: ['test/policy/api-people.test.ts'],
    },
    {
      ref: '§ 1798.125',
      duty: 'No retaliation for exercising rights',
      control: 'Other check-in methods are offered beside the face on the first screen',
      rows: [],
      tests: ['test/kiosk-ui/kiosk.spec.ts'],
    },
    {
      ref: '§ 1798.150, .82',
      duty: 'Liability for breaches of unencrypted data; notice of breaches',
      control: 'A database dump reveals no personal data; incidents find the people affected',
      rows: ['P17', 'P34'],
    },
  ],
};

/** AICPA Trust Services Criteria 2017 (revised points of focus 2022). */
export const SOC2: Law = {
  name: 'SOC 2: AICPA Trust Services Criteria',
  duties: [
    {
      ref: 'CC6.1',
      duty: 'Logical access: authentication, encryption, keys',
      control: 'argon2id, TOTP for all staff roles, one-time links, lockout; keys only from the environment',
      rows: ['P5', 'P19', 'P21'],
      tests: ['test/policy/accounts.test.ts'],
    },
    {
      ref: 'CC6.2, CC6.3',
      duty: 'Role-based access, granted and removed',
      control: 'Every route declares its roles; a test calls every route as every role; changing a role ends sessions',
      rows: [],
      tests: ['test/policy/every-route.test.ts', 'test/policy/accounts.test.ts'],
    },
    {
      ref: 'CC6.5, C1.2, P4.3',
      duty: 'Disposal of data',
      control: 'Erasure by destroying keys; every object version is deleted; deletion with reports',
      rows: ['P6', 'P8', 'P29'],
    },
    {
      ref: 'CC6.6, CC6.7',
      duty: 'Boundaries and transmission',
      control: 'TLS 1.3 only, on every listener and connection; devices use their own certificates',
      rows: ['P13', 'P14', 'P15', 'P16'],
    },
    {
      ref: 'CC7.2',
      duty: 'Monitoring for anomalies',
      control: 'The audit log and its verification; metrics; denied requests are logged too',
      rows: ['P11', 'P31'],
    },
    {
      ref: 'CC7.3, CC7.4, CC7.5',
      duty: 'Incidents: evaluate, respond, recover',
      control: 'Incidents with containment; backups with tested restore',
      rows: ['P18', 'P34'],
    },
    {
      ref: 'CC8.1',
      duty: 'Change management',
      control: 'Numbered schema migrations; tests and layering checks in CI',
      rows: [],
      tests: ['test/store/migrations.test.ts'],
      operator: 'Review and approval of your own changes',
    },
    {
      ref: 'CC9.2',
      duty: 'Vendors',
      control: 'Dependencies are listed with their reason and licence (docs/develop/dependencies.md)',
      rows: [],
      tests: ['test/readme.test.ts'],
      operator: 'Assessment of your hosting, object store and mail providers',
    },
    {
      ref: 'A1.2, A1.3',
      duty: 'Backup and recovery, tested',
      control: 'backup run, verify and restore; kiosks keep events until they are in a backup',
      rows: ['P18', 'P26', 'P27'],
    },
    {
      ref: 'C1.1',
      duty: 'Confidential information is identified and protected',
      control: 'Every route declares the personal data it touches; every table is classified as personal or not',
      rows: ['P17'],
      tests: ['test/policy/portal.test.ts', 'test/policy/every-route.test.ts'],
    },
    {
      ref: 'P5.1, P5.2',
      duty: 'Access and correction by the person',
      control: 'Export and profile endpoints',
      rows: ['P28', 'P30'],
    },
    {
      ref: 'P6.3, P6.5, P6.6',
      duty: 'Records of disclosures; breach notices',
      control: 'Exports and reads are recorded in the audit log; breach notices are drafted',
      rows: ['P11', 'P34'],
    },
  ],
};

/** Regulation (EU) 2024/1689. */
export const AI_ACT: Law = {
  name: 'EU AI Act: Regulation (EU) 2024/1689',
  duties: [
    {
      ref: 'Art. 5(1)(f), (g)',
      duty: 'No inference of emotions at work or school; no categorisation by sensitive traits',
      control:
        'Only detector, landmarks and embedding are used: models that estimate age or sex are not shipped; every model file is pinned by its hash',
      rows: [],
      tests: ['models/node/pipeline.test.ts'],
    },
    {
      ref: 'Art. 6(2), Annex III 1(a)',
      duty: 'Classification: remote biometric identification is high-risk; verification is not',
      control:
        'People take part actively, at a kiosk; large sites ask for a badge, QR code or number first and compare 1:1',
      rows: [],
      tests: ['test/policy/kiosk-policy.test.ts'],
      operator:
        'Provider and deployer assess and document whether walk-up identification is “remote” within the meaning of Art. 3(41)',
    },
    {
      ref: 'Art. 10, 15',
      duty: 'Data governance; accuracy and robustness are declared',
      control:
        'Thresholds depend on the number of people, for an estimated FPIR; calibration with a site’s own scores says “not resolved” where there are too few',
      rows: [],
      tests: ['electron/cli/faces/faces.test.ts'],
      operator:
        'The provenance of the built-in model’s training data is unknown (see the model manifest): measure error rates by group on your own people',
    },
    {
      ref: 'Art. 12, 19, 26(6)',
      duty: 'Logs are kept for at least six months',
      control: 'Each decision stores score, threshold, number of people and model; the audit log is kept for 365 days',
      rows: ['P31', 'P32'],
    },
    {
      ref: 'Art. 13, 26(11), 50',
      duty: 'Transparency to deployers and persons',
      control: 'Privacy screen and consent text; if the liveness check is off, screen and record say so',
      rows: ['P35'],
    },
    {
      ref: 'Art. 14, 26(2)',
      duty: 'Human oversight',
      control:
        '“Not me” voids a record; a person decides on doubtful enrolments and duplicates; other check-in methods are always available',
      rows: ['P30'],
      tests: ['test/sync/attendance.test.ts'],
      operator: 'Trained staff (Art. 4)',
    },
    {
      ref: 'Art. 27',
      duty: 'Fundamental rights impact assessment, for public deployers',
      control: 'The DPIA draft contains the information about the system it needs',
      rows: ['P33'],
      operator: 'Carry it out where Annex III applies',
    },
    { ref: 'Art. 73', duty: 'Serious incidents are reported', control: 'Incidents with their timeline', rows: ['P34'] },
  ],
};
