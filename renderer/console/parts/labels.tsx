import type { StaffBy } from '../../../sync/protocol/api/staff.ts';
import { listed } from '../../shared/i18n.ts';
import { IconIn, IconOut } from '../../shared/icons.tsx';
import { now } from '../../shared/web/now.ts';
import { hasSentence, t } from '../i18n.ts';
import { agoOf, momentIn, timeIn } from '../state/clock.ts';
import { zoneOf } from '../state/places.ts';

/** Returns the text for a code of the server, or the code itself if this page does not know it yet. */
export const codeLabel = (under: string, code: string): string => {
  const key = `${under}.${code}`;
  return hasSentence(key) ? t(key) : code;
};

/** Returns kinds of personal data as text. */
export const kindsLabel = (kinds: readonly string[]): string =>
  listed(kinds.map((kind) => codeLabel('dataKinds', kind)));

/** An e-mail address. If it doesn't fit on a line, it breaks before the domain rather than within a word. */
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

/** Returns which member of a kiosk's staff did something. */
export function staffByLabel(by: StaffBy | null): string {
  if (by === null) return t('fleet.nobodyKnown');
  return by.emergency ? t('fleet.emergencyPin') : (by.name ?? t('fleet.formerStaff'));
}

/** A moment by its site's clock. @param site null or absent: the default site @param only `time`: without the day */
export function Moment({ at, site = null, only }: { at: string | null; site?: string | null; only?: 'time' }) {
  if (at === null) return <span class="muted">–</span>;
  const zone = zoneOf(site);
  return (
    <time class="tabular" dateTime={at} title={t('siteTime', { zone })}>
      {only === 'time' ? timeIn(at, zone) : momentIn(at, zone)}
    </time>
  );
}

/** The same as text, for use in a sentence. */
export const moment = (at: string, site: string | null = null): string => momentIn(at, zoneOf(site));

/** How long ago something was, with the moment itself as tooltip. */
export function Ago({ at, site = null }: { at: string | null; site?: string | null }) {
  if (at === null) return <span class="muted">–</span>;
  return (
    <time dateTime={at} title={momentIn(at, zoneOf(site))}>
      {agoOf(now.value - Date.parse(at))}
    </time>
  );
}

/** Expresses the direction alike by colour, shape and text. */
export const DirectionChip = ({ direction }: { direction: 'in' | 'out' }) => (
  <span class="chip" data-direction={direction}>
    {direction === 'in' ? <IconIn /> : <IconOut />}
    {t(`direction.${direction}`)}
  </span>
);

export const directionOptions = () => (['in', 'out'] as const).map((d) => [d, t(`direction.${d}`)] as const);

/** The server's own account and its command line (sync/server/core/accounts/accounts.ts). */
const OPERATOR: ReadonlySet<string> = new Set(['operator', '00000000-0000-4000-8000-000000000001']);

/** Returns which account did something. */
export const whoLabel = ({ email, by }: { email: string | null; by: string }): string =>
  email ?? t(OPERATOR.has(by) ? 'fleet.by.operator' : 'fleet.by.removed');
