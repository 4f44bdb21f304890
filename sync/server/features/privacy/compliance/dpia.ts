import type { Facts } from './facts.ts';
import { count, list, section, table } from './markdown.ts';

/** A draft of the impact assessment (Art. 35(7) GDPR). What a person has to judge stands as `[…]`. Markdown. Pure. */
export function dpiaDraft(f: Facts): string {
  const faces = f.sites.filter((s) => s.faces === 'on').length;
  return section(
    2,
    'Data protection impact assessment: a draft (Art. 35 GDPR)',
    [
      'Made from the live configuration. A draft: the controller completes, judges and signs it, and seeks the advice of the data protection officer (Art. 35(2)).',
      section(
        3,
        '1. The processing',
        list([
          `${count(f.counts.people, 'person', 'people')} check in at ${count(f.sites.length, 'site')}; faces are recognised at ${faces}, of ${f.counts.peopleWithTemplates} who agreed to it`,
          'A kiosk detects a face, checks liveness by a challenge, makes an embedding and searches it among the templates of its own sites; it works offline, and its records are signed',
          'Scope, context, number of people per day: [to be described]',
        ]),
      ),
      section(
        3,
        '2. Necessity and proportionality',
        list([
          'Purpose and legal basis: [why attendance has to be recorded, and why by face]',
          'Milder means are offered with equal standing: PIN, QR code, badge. Regulators disfavour face attendance without a choice (ICO v Serco 2024, CNIL, AEPD 2023, EDPB 11/2024): [how staff makes sure that the choice is free]',
          'A template is made only after a recorded consent; withdrawing it is as easy as giving it; a failed face never records an absence',
          `Periods: ${f.retention.map((r) => `${r.kind} ${r.days === null ? 'open' : `${r.days} d`}`).join(', ')}`,
          'Views of the people concerned or their representatives (Art. 35(9)): [to be sought]',
        ]),
      ),
      section(
        3,
        '3. Risks and measures',
        table(
          ['Risk', 'Measures of the product', 'Likelihood, severity, what remains'],
          RISKS.map((r) => [...r, '[to be judged]']),
        ),
      ),
      section(
        3,
        '4. What this product can’t do',
        list([
          'A photograph or a screen is met by an active challenge; there is no certified presentation attack detection',
          'The training data of the shipped weights is not known: error rates by group are to be measured on one’s own people',
          'A whole kiosk store that is rolled back offline is noticed by the server alone, once it is online again',
          ...(f.sites.some((s) => s.faces === 'on' && s.liveness === 'off')
            ? ['Liveness is switched off at a site here']
            : []),
        ]),
      ),
      section(
        3,
        '5. Advice and decision',
        list([
          'Advice of the data protection officer: [ ]',
          'Prior consultation of the authority (Art. 36): [needed or not, and why]',
          'Decision, date, signature: [ ]',
          'Review at the latest on: [ ]',
        ]),
      ),
    ].join('\n\n'),
  );
}

const RISKS: readonly (readonly [string, string])[] = [
  [
    'Templates are stolen from a kiosk',
    'Store encrypted under a key in slots that the machine’s own secret opens; templates dropped when the lease ends; remote revocation',
  ],
  [
    'Templates or names are stolen from the server or a backup',
    'A key for each person, wrapped by keys outside the database; a dump shows no personal byte; backups sealed',
  ],
  [
    'A person is taken for someone else',
    'Threshold by gallery size, margin to the next person; large galleries ask for a second means; “not me” takes it back',
  ],
  [
    'A person is not recognised, by group more often',
    'Other ways in stand beside it; a failed face records nothing; calibration on a site’s own scores',
  ],
  [
    'Staff look at people without a reason',
    'Roles; each look is a row; lists name who they showed; verification of the log',
  ],
  ['Movements are profiled by GPS', 'Opt-out that reaches every kiosk; sealed on the kiosk; removed after 30 days'],
  ['Consent is not free', 'Equal ways in; withdrawal by one tap; the reason is not asked'],
  ['Data stays for ever', 'Purges with reports; erasure with a certificate; backups do not bring people back'],
  [
    'A breach goes unnoticed or untold',
    'Chained audit log with anchors outside; incidents with a 72-hour clock and drafted notices',
  ],
];
