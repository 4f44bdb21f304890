import type { Facts } from './facts.ts';
import { count, escaped, list, section, table } from './markdown.ts';

/** The record of processing activities (Art. 30(1) GDPR), from the live configuration and tables. Markdown. Pure. */
export function processingRecord(f: Facts): string {
  const { contacts } = f;
  const faces = f.sites.some((s) => s.faces === 'on');
  return section(
    2,
    'Record of processing activities (Art. 30 GDPR)',
    [
      section(
        3,
        'Controller',
        list([
          `Controller: ${escaped(contacts?.controller ?? '[name and address of the controller]')}`,
          `Contact: ${escaped(contacts?.contact ?? '[contact]')}`,
          `Data protection officer: ${escaped(contacts?.dpo ?? '[data protection officer]')}`,
        ]),
      ),
      section(
        3,
        'Purposes and legal bases',
        list([
          'Recording attendance at entrances. [legal basis of the controller: employment, school, contract]',
          ...(faces
            ? [
                'Recognising people by face who have agreed to it: explicit consent, Art. 6(1)(a) and 9(2)(a) GDPR, withdrawable at any time at the kiosk',
              ]
            : []),
          'Evidence of access to personal data (audit log): Art. 6(1)(c) with Art. 5(2) and 32 GDPR',
        ]),
      ),
      section(3, 'People, data and periods', dataTable(f)),
      section(
        3,
        'Places',
        f.sites.length > 0
          ? table(
              ['Site', 'Time zone', 'Faces', 'Liveness', 'Kiosk keeps templates offline'],
              f.sites.map((s) => [escaped(s.name), s.timeZone, s.faces, s.liveness, `${s.leaseDays} days`]),
            )
          : 'No site yet.',
      ),
      section(
        3,
        'Recipients and transfers',
        list([
          'The kiosks of the sites that a person belongs to: name, number, language and, with consent, face templates, sealed to each kiosk',
          f.objects
            ? `Object store ${f.objects.endpoint}, region ${f.objects.region}: ciphertext of ours (${f.objects.encryption} on top). [processor, contract under Art. 28; third country: yes or no]`
            : 'No object store is configured.',
          f.mail
            ? 'Mail server: e-mail addresses of people who ask for a link. [processor, contract under Art. 28]'
            : 'No mail server is configured.',
          f.receivers.on > 0
            ? `${count(f.receivers.on, 'program is', 'programs are')} notified of each record (webhooks): time, place, check-in method and the id of the person${f.receivers.withNumber > 0 ? `; ${f.receivers.withNumber} of them the number as well` : ''}; and of erasures. [who runs them; processor or controller; third country: yes or no]`
            : 'No program is notified of records (webhooks).',
          'Files that staff exports (CSV, XLSX): the people they are given to. [recipients]',
          'Nobody else. The product sends nothing to its makers.',
        ]),
      ),
      section(
        3,
        'Security (Art. 32)',
        list([
          'AES-256-GCM under a key of each person, bound to person, record, field and version; a second layer by pgcrypto for names, numbers and addresses',
          'TLS 1.3 alone; kiosks authenticate by certificates of the server’s own CA, and their records are signed and chained',
          'Roles on every route; second factor above a person; every access in an audit log that is chained by a MAC',
          'Backups sealed before they leave, restored in a test; erasure by destroying the key, with a certificate',
        ]),
      ),
    ].join('\n\n'),
  );
}

/** One kind of data that is held of people. */
export interface DataRow {
  readonly data: string;
  readonly affected: string;
  readonly now: string;
  readonly kept: string;
  /**
   * Sections of a person's own export that show it (`myData` of the modules): a test finds one that no row names.
   */
  readonly sections: readonly string[];
}

/** What data of which people, how much there is now, and for how long. Pure. */
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
      'Name, number, e-mail, phone, badge, language, sites',
      'people who check in',
      c.people,
      `leavers: ${period('leavers')}`,
    ),
    row(
      ['templates', 'templateModels'],
      'Face templates (biometric, Art. 9)',
      'those with a standing consent',
      `${c.templates} of ${c.peopleWithTemplates}`,
      period('templates'),
    ),
    row(['photos'], 'Photos of check-ins', 'people who check in by face', c.photos, period('photos')),
    row(
      ['enrolmentPhotos'],
      'Pictures that templates were made from',
      'who was enrolled by staff or an import',
      c.enrolmentPhotos,
      erased,
    ),
    row(
      ['imports'],
      'ID photos that wait for a review, and names of their files',
      'who an import is about',
      c.imported,
      '30 days, or until the import ends',
    ),
    row(
      ['waitingEnrolments'],
      'Pictures of enrolments that wait for an administrator, since the face is like another person’s',
      'who is being enrolled',
      '–',
      '14 days, or until it is decided',
    ),
    row(
      ['attendance', 'events'],
      'Check-ins: time, place, way in',
      'people who check in',
      c.checkins,
      period('attendance'),
    ),
    row(
      ['corrections', 'complaints', 'attention'],
      'Corrections, what people said of their records, and notes of staff on both',
      'people who check in',
      c.remarks,
      `as the records: ${period('attendance')}`,
    ),
    row([], 'Positions', 'who has not opted out', c.positions, period('gps')),
    row(['consents'], 'Consents', 'who gave or withdrew one', `${c.consents} standing`, period('consents')),
    row(
      ['minor'],
      'Day of birth and guardian',
      'who is below the age of consent',
      c.minors,
      'until they have come of age and spoken for themselves, or are erased',
    ),
    row(
      ['credentials'],
      'Printed cards (hash), badges, codes for a PIN (hash)',
      'who was given one',
      c.credentials,
      'until it is revoked or expires; that there was a card or badge: until the person is erased',
    ),
    row(
      ['scores', 'possibleDuplicates', 'lookalikes'],
      'Match scores over time; who may be enrolled twice; whose faces are too alike to distinguish',
      'who uses the face',
      '–',
      erased,
    ),
    row(
      ['evacuations'],
      'Who was seen outside at an evacuation',
      'who was inside',
      '–',
      'while it goes on, a day at most',
    ),
    row(['signIns'], 'Sign-ins to one’s own page', 'people who check in', '–', 'a day after their end'),
    row(['holds', 'erasures'], 'Legal holds, requests for erasure', 'who they are about', c.erasuresOpen, erased),
    row(['quarantined'], 'Events that could not be taken', 'people who check in', c.quarantine, period('quarantine')),
    row(
      [],
      'Accounts: e-mail, password (hash), second factor, sign-ins',
      'staff',
      Object.values(f.accounts).reduce((a, b) => a + b, 0),
      'until they are removed',
    ),
    row(
      [],
      'Kiosk staff: name, role, PIN (hash), badge, of technicians the secret of their app and codes on paper (hash), all sealed; what they did at a kiosk',
      'who looks after kiosks',
      c.kioskStaff,
      'secret and codes: until they are removed; name: 90 days longer; what they did: as long as the log of events',
    ),
    row(['accesses'], 'Audit log', 'staff, and people by daily aliases', f.audit.rows, period('audit')),
    row(
      [],
      'Incidents: what was written about them',
      'who someone names there',
      c.incidents,
      'as evidence, Art. 33(5)',
    ),
  ];
}

const dataTable = (f: Facts): string =>
  table(
    ['Data', 'About', 'Now', 'Kept'],
    dataRows(f).map((r) => [r.data, r.affected, r.now, r.kept]),
  );
