import { AttendancePage, type AttendanceRow } from '../../../sync/protocol/api/attendance.ts';
import { MyConsentTexts } from '../../../sync/protocol/api/portal.ts';
import { dayOf, hasSentence, t, timeOfDay } from '../../shared/i18n.ts';
import { IconCalendar, IconIn, IconOut } from '../../shared/icons.tsx';
import { get } from '../../shared/web/api.ts';
import { Empty } from '../../shared/web/empty.tsx';
import { RefusalNote } from '../../shared/web/form.tsx';
import { usePages, useResource } from '../../shared/web/resource.ts';
import { Waiting } from '../parts/waiting.tsx';
import type { PortalPage } from './page.ts';

/** Own records, newest first, by day on this phone's clock. */
function Records() {
  const { items, refusal, state, more, reload } = usePages('/api/me/attendance', AttendancePage, { limit: 30 });
  const contacts = useResource('contacts', (signal) => get('/api/me/consent-texts', MyConsentTexts, { signal }));
  const days = Map.groupBy(items, (row) => dayOf(new Date(row.at)));
  const contact = contacts.value?.contact;
  return (
    <>
      <h1>{t('records.title')}</h1>
      <p class="muted">{t('records.lead')}</p>
      <RefusalNote refusal={refusal} onAgain={reload} />
      {items.length === 0 && state === 'first' && <Waiting />}
      {items.length === 0 && state === 'ready' && !refusal && (
        <section class="card">
          <Empty title={t('records.none')} text={t('records.noneText')} icon={<IconCalendar />} />
        </section>
      )}
      {[...days].map(([day, rows]) => (
        <section key={day} class="card panel">
          <h2>{day}</h2>
          <ul>
            {rows.map((row) => (
              <Row key={row.id} row={row} />
            ))}
          </ul>
        </section>
      ))}
      {(more || state === 'more') && (
        <button type="button" class="quiet wide" onClick={() => more?.()} aria-disabled={!more}>
          {t(more ? 'records.more' : 'opening')}
        </button>
      )}
      <p class="muted small">{contact ? t('records.wrongTo', { contact }) : t('records.wrong')}</p>
    </>
  );
}

function Row({ row }: { row: AttendanceRow }) {
  const why = row.voided ? `voided.${row.voided}` : row.duplicateOf ? 'records.duplicate' : null;
  const time = <time dateTime={row.at}>{timeOfDay(new Date(row.at))}</time>;
  return (
    <li class="setting">
      <span class="chip" data-direction={why ? 'void' : row.direction}>
        {row.direction === 'in' ? <IconIn /> : <IconOut />}
        {t(`direction.${row.direction}`)}
      </span>
      <span class="record-how">
        <span>{t(`method.${row.method}`)}</span>
        {why && <span class="muted small">{t(hasSentence(why) ? why : 'voided.label')}</span>}
      </span>
      <span class="record-time tabular">{why ? <s>{time}</s> : time}</span>
    </li>
  );
}

export const recordsPage: PortalPage = { path: 'records', Icon: IconCalendar, View: Records };
