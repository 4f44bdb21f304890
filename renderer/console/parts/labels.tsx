import type { StaffBy } from '../../../sync/protocol/api/staff.ts';
import { listed } from '../../shared/i18n.ts';
import { IconIn, IconOut } from '../../shared/icons.tsx';
import { now } from '../../shared/web/now.ts';
import { hasSentence, t } from '../i18n.ts';
import { agoOf, momentIn, timeIn } from '../state/clock.ts';
import { zoneOf } from '../state/places.ts';

/** A code of the server in words; one that this page does not know yet, as it is. */
export const codeLabel = (under: string, code: string): string => {
  const key = `${under}.${code}`;
  return hasSentence(key) ? t(key) : code;
};

/** Kinds of personal data in words. */
export const kindsLabel = (kinds: readonly string[]): string =>
  listed(kinds.map((kind) => codeLabel('dataKinds', kind)));

/** An e-mail address. Where a line has no room for it, it breaks before its domain and not within a word. */
export function Email({ of }: { of: string }) {
  const [local, domain] = of.split(/(?=@[^@]*$)/);
  return (
    <bdi dir="ltr">
      {local}
      <wbr />
      {domain}
    </bdi>
  );
}

/** Which of a kiosk's staff did something. */
export function staffByLabel(by: StaffBy | null): string {
  if (by === null) return t('fleet.nobodyKnown');
  return by.emergency ? t('fleet.emergencyPin') : (by.name ?? t('fleet.formerStaff'));
}

/** A moment on the clock of its site. @param site null or absent: the default site; @param only `time`: without the day */
export function Moment({ at, site = null, only }: { at: string | null; site?: string | null; only?: 'time' }) {
  if (at === null) return <span class="muted">–</span>;
  const zone = zoneOf(site);
  return (
    <time class="tabular" dateTime={at} title={t('siteTime', { zone })}>
      {only === 'time' ? timeIn(at, zone) : momentIn(at, zone)}
    </time>
  );
}

/** The same as text, for a sentence. */
export const moment = (at: string, site: string | null = null): string => momentIn(at, zoneOf(site));

/** How long ago, in words; the moment itself as its title. */
export function Ago({ at, site = null }: { at: string | null; site?: string | null }) {
  if (at === null) return <span class="muted">–</span>;
  return (
    <time dateTime={at} title={momentIn(at, zoneOf(site))}>
      {agoOf(now.value - Date.parse(at))}
    </time>
  );
}

/** Colour, shape and word say the same. */
export const DirectionChip = ({ direction }: { direction: 'in' | 'out' }) => (
  <span class="chip" data-direction={direction}>
    {direction === 'in' ? <IconIn /> : <IconOut />}
    {t(`direction.${direction}`)}
  </span>
);

export const directionOptions = () => (['in', 'out'] as const).map((d) => [d, t(`direction.${d}`)] as const);

/** The server's own account and its command line (sync/server/core/accounts/accounts.ts). */
const OPERATOR: ReadonlySet<string> = new Set(['operator', '00000000-0000-4000-8000-000000000001']);

/** Which account did something. */
export const whoLabel = ({ email, by }: { email: string | null; by: string }): string =>
  email ?? t(OPERATOR.has(by) ? 'fleet.by.operator' : 'fleet.by.removed');
