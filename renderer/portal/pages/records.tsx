import { useState } from 'preact/hooks';
import type { AttendanceRow } from '../../../sync/protocol/api/attendance.ts';
import * as portal from '../../../sync/protocol/api/portal.ts';
import { Button } from '../../shared/button.tsx';
import { dayOf, labelled, momentOf, timeOfDay } from '../../shared/i18n.ts';
import { IconCalendar, IconIn, IconOut } from '../../shared/icons.tsx';
import { api } from '../../shared/web/api.ts';
import { AreaField, ErrorNote, useField } from '../../shared/web/form.tsx';
import { Dialog, Empty } from '../../shared/web/pieces.tsx';
import { usePages, useRead, WriteForm } from '../../shared/web/resource.tsx';
import { keyOr, t } from '../i18n.ts';
import { Hours } from '../parts/hours.tsx';
import { Waiting } from '../parts/waiting.tsx';

/** The person's own records, newest first, grouped by day on this phone's clock. */
export function Records() {
  const { items, error, state, more, reload } = usePages(portal.listMyAttendance, { query: { limit: 30 } });
  const contacts = useRead(portal.listMyConsentTexts);
  const said = useRead(portal.listMyComplaints);
  const [wrong, setWrong] = useState<AttendanceRow | null>(null);
  const complaints = new Map(said.value?.items.map((c) => [c.record, c]));
  const days = Map.groupBy(items, (row) => dayOf(new Date(row.at)));
  const contact = contacts.value?.contact;
  return (
    <>
      <h1>{t('records.title')}</h1>
      <Hours />
      <p class="muted">{t('records.lead')}</p>
      <ErrorNote error={error} onRetry={reload} />
      {items.length === 0 && state === 'first' && <Waiting />}
      {items.length === 0 && state === 'ready' && !error && (
        <section class="card">
          <Empty title={t('records.none')} text={t('records.noneText')} icon={<IconCalendar />} />
        </section>
      )}
      {[...days].map(([day, rows]) => (
        <section key={day} class="card panel">
          <h2>{day}</h2>
          <ul>
            {rows.map((row) => (
              <Row key={row.id} row={row} said={complaints.get(row.id)} onWrong={() => setWrong(row)} />
            ))}
          </ul>
        </section>
      ))}
      {(more || state === 'more') && (
        <Button label={t(more ? 'records.more' : 'opening')} class="wide" onClick={() => more?.()} disabled={!more} />
      )}
      {wrong && (
        <Dialog title={t('records.wrongTitle')} onClose={() => setWrong(null)}>
          <Wrong row={wrong} onDone={said.reload} />
        </Dialog>
      )}
      <p class="muted small">{contact ? t('records.wrongTo', { contact }) : t('records.wrong')}</p>
    </>
  );
}

/** The person states what is wrong with a record. The record is kept, and someone in charge reviews it. */
function Wrong({ row, onDone }: { row: AttendanceRow; onDone: () => void }) {
  const message = useField('');
  return (
    <WriteForm
      write={() => api(portal.addMyComplaint, { body: { record: row.id, message: message.value } })}
      say={() => t('records.wrongSent')}
      done={onDone}
      ready={message.value.trim() !== ''}
      action={t('records.wrongSend')}
    >
      <p>
        {t(`direction.${row.direction}`)} · {momentOf(new Date(row.at))}
      </p>
      <AreaField label={t('records.wrongWhat')} hint={t('records.wrongHint')} required maxLength={500} {...message} />
    </WriteForm>
  );
}

function Row({
  row,
  said,
  onWrong,
}: {
  row: AttendanceRow;
  said: portal.MyComplaint | undefined;
  onWrong: () => void;
}) {
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
        {why && <span class="muted small">{t(keyOr(why, 'voided.label'))}</span>}
      </span>
      <span class="record-time tabular">{why ? <s>{time}</s> : time}</span>
      <span class="record-said">
        {said && (
          <span class="small">
            {said.answer ? (
              <>
                {t('records.answered')} <bdi>{said.answer.note}</bdi>
              </>
            ) : (
              t('records.waits')
            )}
          </span>
        )}
        <Button
          label={t('records.wrongTitle')}
          size="small"
          aria-label={labelled(
            t('records.wrongTitle'),
            `${t(`direction.${row.direction}`)} ${timeOfDay(new Date(row.at))}`,
          )}
          onClick={onWrong}
        />
      </span>
    </li>
  );
}
