import { useState } from 'preact/hooks';
import { listAttendance } from '../../../../sync/protocol/api/attendance.ts';
import type { Person } from '../../../../sync/protocol/api/people.ts';
import { getPersonPresence } from '../../../../sync/protocol/api/presence.ts';
import { Button } from '../../../shared/button.tsx';
import { IconChart, IconList } from '../../../shared/icons.tsx';
import { Badge, Panel } from '../../../shared/web/pieces.tsx';
import { useRead } from '../../../shared/web/resource.tsx';
import { go } from '../../../shared/web/router.ts';
import { keyOr, t } from '../../i18n.ts';
import { Correct, type Task } from '../../parts/correct.tsx';
import { Ago, DirectionChip, Moment } from '../../parts/labels.tsx';
import { RecordedAt } from '../../parts/place-links.tsx';
import { Reading } from '../../parts/reading.tsx';
import { RowButton } from '../../parts/row-button.tsx';
import { addDays, dayKeyIn } from '../../state/clock.ts';
import { zoneOf } from '../../state/places.ts';

const SHOWN_RECORDS = 8;
/** How far back the page of all their records starts, days. */
const BACK_DAYS = 90;
/** Where the person is now, and their latest records, which can be corrected here. */
export function RecordsPanel({ person: whose, mayCorrect }: { person: Person; mayCorrect: boolean }) {
  const person = whose.id;
  const found = useRead(listAttendance, { query: { person, limit: SHOWN_RECORDS } });
  const presence = useRead(getPersonPresence, { params: { person } });
  const [task, setTask] = useState<Task | null>(null);
  const reload = () => {
    found.reload();
    presence.reload();
  };
  const rows = found.value?.items ?? [];
  const last = presence.value;
  const all = () => go('attendance', { person, from: addDays(dayKeyIn(Date.now(), zoneOf()), -BACK_DAYS) });
  return (
    <Panel
      title={t('people.records.title')}
      aside={
        last?.at && (
          <Badge kind={last.inside ? 'good' : undefined}>
            {t(last.inside ? 'people.records.inside' : 'people.records.outside')} · <Ago at={last.at} />
          </Badge>
        )
      }
    >
      <Reading of={[found, presence]} rows={3} />
      {found.value && rows.length === 0 && <p class="muted">{t('people.records.none')}</p>}
      <ul class="records">
        {rows.map((row) => (
          <li key={row.id} data-voided={row.voided !== null || row.duplicateOf !== null}>
            <DirectionChip direction={row.direction} />
            <div>
              <p id={`record-at-${row.id}`}>
                <Moment at={row.at} site={row.site} />
              </p>
              <p class="muted small">
                {t(`method.${row.method}`)}
                {' · '}
                <RecordedAt row={row} />
                {row.voided !== null && ` · ${t(keyOr(`voided.${row.voided}`, 'voided.label'))}`}
                {row.voided === null && row.duplicateOf !== null && ` · ${t('attendance.duplicate')}`}
              </p>
            </div>
            {mayCorrect && row.voided === null && (
              <span class="actions">
                <RowButton size="small" of={`record-at-${row.id}`} onClick={() => setTask({ kind: 'replace', row })}>
                  {t('attendance.correct')}
                </RowButton>
                <RowButton size="small" of={`record-at-${row.id}`} onClick={() => setTask({ kind: 'void', row })}>
                  {t('attendance.void')}
                </RowButton>
              </span>
            )}
          </li>
        ))}
      </ul>
      <div class="actions start">
        {rows.length > 0 && <Button icon={<IconList />} label={t('people.records.all')} onClick={all} />}
        {rows.length > 0 && (
          <Button
            icon={<IconChart />}
            label={t('reports.nav')}
            onClick={() => go('reports', { person, by: 'person-day' })}
          />
        )}
        {mayCorrect && (
          <Button label={t('corrections.title.add')} onClick={() => setTask({ kind: 'add', person: whose })} />
        )}
      </div>
      {task && <Correct task={task} onClose={() => setTask(null)} onDone={reload} />}
    </Panel>
  );
}
