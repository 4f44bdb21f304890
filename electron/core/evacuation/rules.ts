import type { SiteKiosk } from '../../../sync/protocol/wire/changes.ts';
import type { EvacuationList } from '../../contract/evacuation.ts';
import type { Whereabouts } from '../store/presence.ts';

/** A kiosk not heard from for longer may have recorded things unknown here, ms. Kiosks report every 20 s. */
export const LATE_MS = 120_000;

/**
 * Returns who is inside: the people whose last record is a check-in. Missing people first, each group by name.
 *
 * @param site own device, and the site's kiosks by name
 */
export function inside(
  records: readonly Whereabouts[],
  site: { readonly own: string; readonly kiosks: readonly SiteKiosk[] },
  language?: string,
): EvacuationList['people'] {
  const order = new Intl.Collator(language);
  const by = (device: string | null) => {
    if (device === null) return { where: 'console', name: '' } as const;
    if (device === site.own) return { where: 'here', name: '' } as const;
    return { where: 'kiosk', name: site.kiosks.find((k) => k.device === device)?.name ?? '' } as const;
  };
  return records
    .filter(({ direction }) => direction === 'in')
    .map(({ person, at, here, accounted }) => ({
      person: person.id,
      name: person.name,
      number: person.number,
      cameAt: at,
      here,
      accountedAt: accounted?.at ?? null,
      accountedBy: accounted && by(accounted.device),
    }))
    .sort((a, b) => Number(a.accountedAt !== null) - Number(b.accountedAt !== null) || order.compare(a.name, b.name));
}

/**
 * Returns up to when each kiosk's records are known. For other kiosks, the server says when it last heard from them, as of the
 * last page received here. For this kiosk it is now.
 *
 * @param now trusted time, ms since 1970
 */
export function knownAsOf(
  kiosks: readonly SiteKiosk[],
  own: { readonly device: string; readonly name: string },
  now: number,
): EvacuationList['kiosks'] {
  const others = kiosks
    .filter(({ device }) => device !== own.device)
    .map(({ device, name, heardAt }) => ({
      device,
      name,
      own: false,
      knownAsOf: heardAt,
      late: heardAt === null || now - Date.parse(heardAt) > LATE_MS,
    }));
  const name = kiosks.find(({ device }) => device === own.device)?.name ?? own.name;
  return [{ device: own.device, name, own: true, knownAsOf: new Date(now).toISOString(), late: false }, ...others];
}
