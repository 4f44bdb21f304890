import { type AttendanceRow, listAttendance } from '../../../../sync/protocol/api/attendance.ts';
import { Button } from '../../../shared/button.tsx';
import { IconList } from '../../../shared/icons.tsx';
import { Badge, Panel } from '../../../shared/web/pieces.tsx';
import { useRead } from '../../../shared/web/resource.tsx';
import { go } from '../../../shared/web/router.ts';
import { keyOr, t } from '../../i18n.ts';
import { Ago, DirectionChip, Moment } from '../../parts/labels.tsx';
import { RecordedAt } from '../../parts/place-links.tsx';
import { Reading } from '../../parts/reading.tsx';
import { addDays, dayKeyIn } from '../../state/clock.ts';
import { zoneOf } from '../../state/places.ts';

/** How many records are shown, newest first. */
const SHOWN_RECORDS = 8;
/** How far back all records of a person are shown at first, days. */
const BACK_DAYS = 90;
/** As the server counts it: after this, a missing check-out is assumed to be forgotten, ms. */
const INSIDE_MS = 18 * 3_600_000;

/** Whether the newest record that counts leaves them inside; null: there is none. */
function insideSince(rows: readonly AttendanceRow[]): { inside: boolean; at: string } | null {
  const newest = rows.find((row) => row.voided === null && row.duplicateOf === null);
  if (!newest) return null;
  return { inside: newest.direction === 'in' && Date.now() - Date.parse(newest.at) < INSIDE_MS, at: newest.at };
}

/** Where they are now, and their newest records. */
export function RecordsPanel({ person }: { person: string }) {
  const found = useRead(listAttendance, { query: { person, limit: SHOWN_RECORDS } });
  const rows = found.value?.items ?? [];
  const last = insideSince(rows);
  const all = () => go('attendance', { person, from: addDays(dayKeyIn(Date.now(), zoneOf()), -BACK_DAYS) });
  return (
    <Panel
      title={t('people.records.title')}
      aside={
        last && (
          <Badge kind={last.inside ? 'good' : undefined}>
            {t(last.inside ? 'people.records.inside' : 'people.records.outside')} · <Ago at={last.at} />
          </Badge>
        )
      }
    >
      <Reading of={found} rows={3} />
      {found.value && rows.length === 0 && <p class="muted">{t('people.records.none')}</p>}
      <ul class="records">
        {rows.map((row) => (
          <li key={row.id} data-voided={row.voided !== null || row.duplicateOf !== null}>
            <DirectionChip direction={row.direction} />
            <span>
              <Moment at={row.at} site={row.site} />
            </span>
            <span class="muted small">
              {t(`method.${row.method}`)}
              {' · '}
              <RecordedAt row={row} />
              {row.voided !== null && ` · ${t(keyOr(`voided.${row.voided}`, 'voided.label'))}`}
              {row.voided === null && row.duplicateOf !== null && ` · ${t('attendance.duplicate')}`}
            </span>
          </li>
        ))}
      </ul>
      {rows.length > 0 && (
        <div class="actions start">
          <Button icon={<IconList />} label={t('people.records.all')} onClick={all} />
        </div>
      )}
    </Panel>
  );
}
