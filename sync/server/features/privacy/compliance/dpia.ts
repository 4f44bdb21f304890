import type { ComplianceFacts as Facts } from '../../../../protocol/api/compliance.ts';
import { count, listed, section, table } from './markdown.ts';

/** Drafts the impact assessment (Art. 35(7) GDPR). What a person has to assess is marked `[…]`. Markdown. Pure. */
export function dpiaDraft(f: Facts): string {
  const faces = f.sites.filter((s) => s.faces === 'on').length;
  return section(
    2,
    'Data protection impact assessment: a draft (Art. 35 GDPR)',
    [
      'Generated from the live configuration. This is a draft: the controller completes, assesses and signs it, and seeks the advice of the data protection officer (Art. 35(2)).',
      listed('1. The processing', [
        `${count(f.counts.people, 'person', 'people')} check in at ${count(f.sites.length, 'site')}; face recognition is used at ${faces}, for ${f.counts.peopleWithTemplates} who consented to it`,
        'A kiosk detects a face, checks liveness by a challenge, computes an embedding and compares it with the templates of its own site; it works offline, and its records are signed',
        'Scope, context, number of people per day: [to be described]',
      ]),
      listed('2. Necessity and proportionality', [
        'Purpose and legal basis: [why attendance must be recorded, and why by face]',
        'Less intrusive alternatives are offered as equals: PIN, QR code, badge. Regulators object to face attendance without a choice (ICO v Serco 2024, CNIL, AEPD 2023, EDPB 11/2024): [how staff ensure that the choice is free]',
        'A face template is created only after consent is recorded; withdrawing consent is as easy as giving it; a face that isn’t recognised never counts as an absence',
        `Retention periods: ${f.retention.map((r) => `${r.kind} ${r.days === null ? 'unlimited' : `${r.days} d`}`).join(', ')}`,
        'Views of the people affected or their representatives (Art. 35(9)): [to be obtained]',
      ]),
      section(
        3,
        '3. Risks and measures',
        table(
          ['Risk', 'Measures in the product', 'Likelihood, severity, residual risk'],
          RISKS.map((r) => [...r, '[to be assessed]']),
        ),
      ),
      listed('4. Limits of the product', [
        'An active challenge counters photographs and screens, but there is no certified presentation attack detection',
        'The training data of the built-in face model is unknown: measure error rates by group on your own people',
        'If an offline kiosk’s whole store is replaced by an older copy, only the server notices, once the kiosk is online again',
        ...(f.sites.some((s) => s.faces === 'on' && s.liveness === 'off')
          ? ['The liveness check is switched off at one or more sites']
          : []),
      ]),
      listed('5. Advice and decision', [
        'Advice of the data protection officer: [ ]',
        'Prior consultation of the authority (Art. 36): [needed or not, and why]',
        'Decision, date, signature: [ ]',
        'Next review no later than: [ ]',
      ]),
    ].join('\n\n'),
  );
}

const RISKS: readonly (readonly [string, string])[] = [
  [
    'Templates are stolen from a kiosk',
    'The store is encrypted, and only the machine’s own secret opens its key; templates are deleted when a kiosk is offline for too long; kiosks can be revoked remotely',
  ],
  [
    'Templates or names are stolen from the server or a backup',
    'Each person has their own key, encrypted by keys outside the database; a database dump reveals no personal data; backups are encrypted',
  ],
  [
    'A person is mistaken for someone else',
    'The threshold depends on the number of people, with a margin to the next best match; large sites ask for a number, code or badge first; “Not me” voids the record',
  ],
  [
    'A person is not recognised, and some groups more often than others',
    'Other check-in methods are offered as equals; a face that isn’t recognised records nothing; thresholds can be calibrated with a site’s own scores',
  ],
  [
    'Staff view people’s data without a reason',
    'Roles; every access is logged, and for lists also who was shown; the log can be verified',
  ],
  [
    'Movements are profiled by GPS',
    'Opt-out that applies at every kiosk; locations are encrypted on the kiosk and deleted after 30 days at the latest',
  ],
  [
    'Consent is not freely given',
    'Equal check-in methods; consent can be withdrawn with one tap, without giving a reason',
  ],
  [
    'Data is kept forever',
    'Automatic deletion with reports; erasure with a certificate; restoring a backup doesn’t bring erased people back',
  ],
  [
    'A breach goes unnoticed or unreported',
    'Tamper-evident audit log with anchors outside the database; incidents with a 72-hour deadline and drafted notices',
  ],
];
