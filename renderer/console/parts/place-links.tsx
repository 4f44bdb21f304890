import type { AttendanceRow } from '../../../sync/protocol/api/attendance.ts';
import { t } from '../i18n.ts';
import { kioskName, siteOf } from '../state/places.ts';
import { type Role, session } from '../state/session.ts';

/** Roles that manage kiosks. Others only see how a kiosk is. */
export const OF_MACHINES: readonly Role[] = ['admin', 'auditor'];

/** Returns the address of a kiosk's page for the signed-in role. */
export function kioskPath(id: string): string {
  const place = session.page.value?.at;
  return place !== undefined && (OF_MACHINES as readonly string[]).includes(place.session.role)
    ? `fleet/${id}`
    : `devices/${id}`;
}

interface PlaceLinkProps {
  readonly id: string;
  /** Its name if the page has it; absent: its current name. */
  readonly name?: string | null | undefined;
}

export function KioskLink({ id, name = kioskName(id) }: PlaceLinkProps) {
  if (name === null) return <>–</>;
  return (
    <a class="text-link" href={`#/${kioskPath(id)}`} dir="auto">
      {name}
    </a>
  );
}

/** A site's name as a link to its page. @param id null: the default site */
export function SiteLink({ id }: { id: string | null }) {
  const site = siteOf(id);
  if (!site) return <>–</>;
  return (
    <a class="text-link" href={`#/sites/${site.id}`} dir="auto">
      {site.name}
    </a>
  );
}

/** Where a record was made: its kiosk; its site if the kiosk is no longer known; or by hand. */
export function RecordedAt({ row }: { row: Pick<AttendanceRow, 'device' | 'site'> }) {
  if (row.device === null) return <bdi>{t('attendance.added')}</bdi>;
  return kioskName(row.device) === null ? <SiteLink id={row.site} /> : <KioskLink id={row.device} />;
}

/** The same as text. */
export const placeOf = ({ device, site }: Pick<AttendanceRow, 'device' | 'site'>): string =>
  device === null ? t('attendance.added') : (kioskName(device) ?? siteOf(site)?.name ?? '–');

/** Links to several sites. @param none text if there are none */
export const SiteLinks = ({ ids, none }: { ids: readonly string[]; none: string }) => (
  <>
    {ids.length === 0 && none}
    {ids.map((id, i) => (
      <span key={id}>
        {i > 0 && ', '}
        <SiteLink id={id} />
      </span>
    ))}
  </>
);
