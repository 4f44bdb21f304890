import type { MyDay } from '../../../protocol/api/portal.ts';
import { listSites } from '../../core/sites/sites.ts';
import type { Db } from '../../platform/database/schema.ts';
import { type DayOfPerson, daysBetween, instant, readDays, usesCheckouts } from './day.ts';

/**
 * Returns a person's days at every site, newest first.
 *
 * @param from first day, `YYYY-MM-DD`; `to` is the last, included
 * @throws Problem `no-such-day`, `period-too-long`
 */
export async function daysOf(db: Db, person: string, from: string, to: string, now: Date): Promise<MyDay[]> {
  const found: MyDay[] = [];
  for (const site of await listSites(db)) {
    const days = daysBetween(site, from, to);
    const own: DayOfPerson[] = [];
    for await (const page of readDays(db, { site, days, person, work: null, now })) own.push(...page);
    const checkouts = own.length > 0 && (await usesCheckouts(db, site, days));
    for (const { day, firstIn, lastOut, minutes, missing } of own)
      found.push({
        day: day.day,
        site: site.name,
        firstIn: instant(firstIn),
        lastOut: instant(lastOut),
        minutes: checkouts ? minutes : null,
        missing: checkouts ? missing : 0,
      });
  }
  return found.sort((a, b) => b.day.localeCompare(a.day) || a.site.localeCompare(b.site));
}
