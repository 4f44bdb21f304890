import { type KioskStaff, MAX_WAITING, type StaffKiosk } from '../../../protocol/api/staff.ts';
import { Inventory } from '../../../protocol/wire/fleet.ts';
import type { Db } from '../../platform/database/schema.ts';
import { emailsOf } from '../../platform/http/email.ts';
import type { Keys } from '../../platform/keys/envelope.ts';
import { listDevices } from '../devices/registry.ts';
import { DEFAULT_SCOPE, listSites } from '../sites/sites.ts';
import { listStaff, type StaffRow } from './store.ts';

/** A kiosk, and the staff that it reports. */
export interface Saying {
  readonly id: string;
  readonly name: string;
  readonly scope: string;
  readonly status: 'pending' | 'approved' | 'revoked';
  readonly lastHeardAt: Date | null;
  /** Its newest report, and when that arrived. Null: none. Without `staff`: it was never sent any. */
  readonly report: { readonly at: Date; readonly staff: readonly string[] | undefined } | null;
}

/**
 * Returns which kiosks a member concerns, and which of those have not confirmed it yet. Pure. An active member concerns the
 * approved kiosks of their scope, until they report the member. A removed one concerns the same kiosks, until they report
 * without the member, and any other that still reports them. A revoked kiosk can be among these: it is sent no removal.
 */
export function standing(
  member: Pick<StaffRow, 'id' | 'scope' | 'removedAt'>,
  kiosks: readonly Saying[],
): { readonly kiosks: number; readonly confirmed: number; readonly waiting: StaffKiosk[] } {
  const { id, scope, removedAt } = member;
  const has = (k: Saying) => k.report?.staff?.includes(id) ?? false;
  const meant = (k: Saying) => k.status === 'approved' && (scope === null || k.scope === scope);
  const concerned = kiosks.filter((k) => meant(k) || (removedAt !== null && has(k)));
  const waiting = concerned.filter((k) =>
    removedAt === null ? !has(k) : has(k) || k.report === null || k.report.at < removedAt,
  );
  return {
    kiosks: concerned.length,
    confirmed: concerned.length - waiting.length,
    waiting: waiting.map((k) => ({
      id: k.id,
      name: k.name,
      lastHeardAt: k.lastHeardAt?.toISOString() ?? null,
      revoked: k.status === 'revoked',
    })),
  };
}

/** Returns staff as screens and the command line show them. */
export async function shownStaff(db: Db, keys: Keys): Promise<KioskStaff[]> {
  const [rows, kiosks, emailOf, sites] = [
    await listStaff(db, keys),
    await sayings(db),
    await emailsOf(db, keys),
    await listSites(db),
  ];
  const site = (scope: string | null) =>
    scope === DEFAULT_SCOPE ? (sites.find((s) => s.isDefault)?.id ?? null) : scope;
  return rows.map((row) => {
    const own = row.device === null ? null : kiosks.find(({ id }) => id === row.device);
    const { waiting, ...counts } = own === null ? standing(row, kiosks) : { waiting: [], kiosks: 1, confirmed: 1 };
    const { pin, badge, factor } = row.keys ?? {};
    return {
      id: row.id,
      name: row.name,
      role: row.role,
      site: site(row.scope),
      kiosk: row.device === null ? null : { id: row.device, name: own?.name ?? '' },
      addedAt: row.addedAt.toISOString(),
      by: row.addedBy,
      email: emailOf(row.addedBy),
      removedAt: row.removedAt?.toISOString() ?? null,
      pin: row.keys ? (pin ? (pin.start ? 'start' : 'own') : 'none') : null,
      badge: row.keys ? badge !== null : null,
      paperLeft: factor?.paper.length ?? null,
      ...counts,
      waiting: waiting.slice(0, MAX_WAITING),
    };
  });
}

async function sayings(db: Db): Promise<Saying[]> {
  const reports = new Map(
    (await db.selectFrom('device_report').selectAll().execute()).flatMap(({ device, at, report }) => {
      const read = Inventory.safeParse(report).data;
      return read ? [[device, { at, staff: read.staff }] as const] : [];
    }),
  );
  const sites = new Map((await listSites(db)).map((s) => [s.id, s.isDefault ? DEFAULT_SCOPE : s.id]));
  return (await listDevices(db)).map((d) => ({
    id: d.id,
    name: d.name,
    scope: (d.site && sites.get(d.site)) ?? DEFAULT_SCOPE,
    status: d.status,
    lastHeardAt: d.lastHeardAt,
    report: reports.get(d.id) ?? null,
  }));
}
