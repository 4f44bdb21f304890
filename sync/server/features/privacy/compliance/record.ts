import type { ComplianceFacts as Facts } from '../../../../protocol/api/compliance.ts';
import { personFields } from '../../../../protocol/api/people.ts';
import { REMEMBERED_DAYS } from '../../../core/staff/store.ts';
import { count, escaped, listed, section, table } from './markdown.ts';

/** Writes the record of processing activities (Art. 30(1) GDPR) from the live configuration and counts. Markdown. Pure. */
export function processingRecord(f: Facts): string {
  const { contacts } = f;
  const faces = f.sites.some((s) => s.faces === 'on');
  return section(
    2,
    'Record of processing activities (Art. 30 GDPR)',
    [
      listed('Controller', [
        `Controller: ${escaped(contacts?.controller ?? '[name and address of the controller]')}`,
        `Contact: ${escaped(contacts?.contact ?? '[contact]')}`,
        `Data protection officer: ${escaped(contacts?.dpo ?? '[data protection officer]')}`,
      ]),
      listed('Purposes and legal bases', [
        'Recording attendance at entrances. [legal basis of the controller: employment, school, contract]',
        ...(faces
          ? [
              'Recognising people who have consented to it by their face: explicit consent, Art. 6(1)(a) and 9(2)(a) GDPR, which can be withdrawn at any time at the kiosk',
            ]
          : []),
        'Evidence of access to personal data (audit log): Art. 6(1)(c) with Art. 5(2) and 32 GDPR',
      ]),
      section(3, 'People, data and retention periods', dataTable(f)),
      section(
        3,
        'Sites',
        f.sites.length > 0
          ? table(
              ['Site', 'Time zone', 'Faces', 'Liveness', 'Templates kept while offline'],
              f.sites.map((s) => [escaped(s.name), s.timeZone, s.faces, s.liveness, `${s.leaseDays} days`]),
            )
          : 'No site yet.',
      ),
      listed('Recipients and transfers', [
        'The kiosks of a person’s sites: name, number, language and, with consent, face templates, encrypted for each kiosk',
        f.objects
          ? `Object store ${f.objects.endpoint}, region ${f.objects.region}: data that we encrypt first (plus ${f.objects.encryption}). [processor, contract under Art. 28; third country: yes or no]`
          : 'No object store is configured.',
        f.mail
          ? 'Mail server: e-mail addresses of people who request a link. [processor, contract under Art. 28]'
          : 'No mail server is configured.',
        f.receivers.on > 0
          ? `${count(f.receivers.on, 'program is', 'programs are')} notified of each record (webhooks): time, place, check-in method and the person’s ID${f.receivers.withNumber > 0 ? `; for ${f.receivers.withNumber} of them also the person’s number` : ''}; and of erasures. [who runs them; processor or controller; third country: yes or no]`
          : 'No program is notified of records (webhooks).',
        'Files that staff export (CSV, XLSX): the people who receive them. [recipients]',
        'No one else. The product sends nothing to its makers.',
      ]),
      listed('Security (Art. 32)', [
        'AES-256-GCM under each person’s own key, bound to person, record, field and version; people’s records have a second layer of encryption (pgcrypto)',
        'TLS 1.3 only; kiosks authenticate with certificates of the server’s own CA, and their records are signed and chained',
        'Roles on every route; a second factor for all staff roles; every access is recorded in an audit log protected by a MAC chain',
        'Backups are encrypted before they leave the server, and restoring them is tested; erasure destroys the person’s key and is certified',
      ]),
    ].join('\n\n'),
  );
}

export interface DataRow {
  readonly data: string;
  readonly affected: string;
  readonly now: string;
  readonly kept: string;
  /** Sections of a person's own export that show this data (`myData` of the modules). A test requires a row for each section. */
  readonly sections: readonly string[];
}

/** Lists which data is kept about which people, how much there is now, and for how long. Pure. */
export function dataRows(f: Facts): DataRow[] {
  const { counts: c } = f;
  const period = (kind: Facts['retention'][number]['kind']) => {
    const rule = f.retention.find((r) => r.kind === kind);
    return rule ? (rule.days === null ? 'until the person is erased' : `${rule.days} days ${rule.counted}`) : '–';
  };
  const erased = 'until the person is erased';
  const row = (sections: readonly string[], data: string, affected: string, now: number | string, kept: string) => ({
    ...{ sections, data, affected, now: String(now), kept },
  });
  return [
    row(
      ['profile', 'sites'],
      `${personFields.join(', ').replace(/^./, (first) => first.toUpperCase())}, sites`,
      'people who check in',
      c.people,
      `people without a site: ${period('leavers')}`,
    ),
    row(
      ['templates', 'templateModels'],
      'Face templates (biometric, Art. 9)',
      'people with valid consent',
      `${c.templates} of ${c.peopleWithTemplates}`,
      period('templates'),
    ),
    row(['photos'], 'Check-in photos', 'people who check in by face', c.photos, period('photos')),
    row(
      ['enrolmentPhotos'],
      'Pictures used for enrolment',
      'people enrolled by staff or an import',
      c.enrolmentPhotos,
      erased,
    ),
    row(
      ['imports'],
      'ID photos awaiting review, and their file names',
      'people in an import',
      c.imported,
      '30 days, or until the import ends',
    ),
    row(
      ['waitingEnrolments'],
      'Pictures of enrolments on hold because the face resembles another person’s',
      'people being enrolled',
      '–',
      '14 days, or until a decision is made',
    ),
    row(
      ['attendance', 'events'],
      'Check-ins: time, place, check-in method',
      'people who check in',
      c.checkins,
      period('attendance'),
    ),
    row(
      ['corrections', 'complaints', 'attention'],
      'Corrections, reports of wrong records, and staff’s notes on both',
      'people who check in',
      c.remarks,
      `as for check-ins: ${period('attendance')}`,
    ),
    row([], 'Check-in locations', 'people who have not opted out', c.positions, period('gps')),
    row(['consents'], 'Consents', 'people who gave or withdrew consent', `${c.consents} valid`, period('consents')),
    row(
      ['minor'],
      'Date of birth and guardian',
      'people below the age of consent',
      c.minors,
      'until they reach the age of consent and decide for themselves, or are erased',
    ),
    row(
      ['credentials'],
      'Printed cards (hash), badges, PIN codes (hash)',
      'people who were given one',
      c.credentials,
      'until revoked or expired; the fact that there was a card or badge: until the person is erased',
    ),
    row(
      ['scores', 'possibleDuplicates', 'lookalikes'],
      'Match scores over time; possible duplicates; lookalikes',
      'people who check in by face',
      '–',
      erased,
    ),
    row(
      ['evacuations'],
      'People accounted for in an evacuation',
      'people who were inside',
      '–',
      'until the evacuation ends, at most one day',
    ),
    row(['signIns'], 'Sign-ins to the personal page', 'people who check in', '–', 'one day after the session ends'),
    row(['holds', 'erasures'], 'Legal holds, erasure requests', 'the people they concern', c.erasuresOpen, erased),
    row(['quarantined'], 'Rejected events (quarantine)', 'people who check in', c.quarantine, period('quarantine')),
    row(
      [],
      'Accounts: e-mail, password (hash), second factor, sign-ins',
      'staff',
      Object.values(f.accounts).reduce((a, b) => a + b, 0),
      'until they are removed',
    ),
    row(
      [],
      'Kiosk staff: name, role, PIN (hash), badge, and for technicians app secret and paper codes (hash), all encrypted; what they did at a kiosk',
      'kiosk staff',
      c.kioskStaff,
      `secret and codes: until they are removed; name: ${REMEMBERED_DAYS} days longer; what they did: as long as the event log`,
    ),
    row(['accesses'], 'Audit log', 'staff, and people by daily aliases', f.audit.rows, period('audit')),
    row([], 'Incident documentation', 'anyone named in it', c.incidents, 'as evidence, Art. 33(5)'),
  ];
}

const dataTable = (f: Facts): string =>
  table(
    ['Data', 'About', 'Now', 'Kept'],
    dataRows(f).map((r) => [r.data, r.affected, r.now, r.kept]),
  );
