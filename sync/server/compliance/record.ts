import type { Facts } from './facts.ts';
import { escaped, list, section, table } from './markdown.ts';

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

/** What of whom, how much there is now, and for how long. */
function dataTable(f: Facts): string {
  const { counts: c } = f;
  const period = (kind: Facts['retention'][number]['kind']) => {
    const rule = f.retention.find((r) => r.kind === kind);
    return rule ? (rule.days === null ? 'until the person is erased' : `${rule.days} days ${rule.counted}`) : '–';
  };
  return table(
    ['Data', 'Of whom', 'Now', 'Kept'],
    [
      [
        'Name, number, e-mail, phone, badge, language',
        'people who check in',
        `${c.people}`,
        `leavers: ${period('leavers')}`,
      ],
      [
        'Face templates (biometric, Art. 9)',
        'those with a standing consent',
        `${c.templates} of ${c.peopleWithTemplates}`,
        period('templates'),
      ],
      ['Photos', 'people who check in by face', `${c.photos}`, period('photos')],
      ['Check-ins: time, place, way in', 'people who check in', `${c.checkins}`, period('attendance')],
      ['Positions', 'who has not opted out', `${c.positions}`, period('gps')],
      ['Consents', 'who gave or withdrew one', `${c.consents} standing`, period('consents')],
      ['Events that could not be taken', 'people who check in', `${c.quarantine}`, period('quarantine')],
      ['Accounts', 'staff', `${Object.values(f.accounts).reduce((a, b) => a + b, 0)}`, 'until they are removed'],
      ['Audit log', 'staff, and people by daily aliases', `${f.audit.rows}`, period('audit')],
    ],
  );
}
