import type { BoardRow } from '../../../sync/protocol/api/live.ts';
import { IconFace, IconStaff } from '../../shared/icons.tsx';
import { Empty } from '../../shared/web/pieces.tsx';
import { keyOr, t } from '../i18n.ts';
import { byDay, initialsOf } from '../state/board.ts';
import { addDays, dateIn, dayKeyIn, exactTimeIn, timeIn } from '../state/clock.ts';
import type { Live } from '../state/live.ts';
import { DirectionChip } from './labels.tsx';
import { PersonLink } from './person-fields.tsx';
import { KioskLink } from './place-links.tsx';

/** A record that took longer than this to arrive is marked as late, ms. */
const LATE_MS = 120_000;

export function CheckinList({ live }: { live: Live }) {
  const { rows, counts, site, fresh, devices } = live.board.value;
  const zone = site!.timeZone;
  const today = dayKeyIn(live.serverNow.value, zone);
  const yesterday = addDays(today, -1);
  const kioskName = new Map(devices.map((d) => [d.id, d.name]));
  return (
    <section class="card list" aria-labelledby="list-title">
      <header class="list-header">
        <h2 id="list-title">{t('board.list.title')}</h2>
        <p class="muted tabular">{t('board.list.count', { count: counts.recordsToday })}</p>
      </header>
      {rows.length === 0 && (
        <Empty title={t('board.list.emptyTitle')} text={t('board.list.emptyText')} icon={<IconFace />} />
      )}
      <div class="list-rows" tabIndex={rows.length > 0 ? 0 : -1} role="log" aria-labelledby="list-title">
        {byDay(rows, (at) => dayKeyIn(at, zone)).map(({ day, rows: ofDay }) => (
          <div key={day}>
            <h3 class="list-day">
              {day === today
                ? t('board.list.today')
                : day === yesterday
                  ? t('board.list.yesterday')
                  : dateIn(ofDay[0]!.at, zone)}
            </h3>
            <ul>
              {ofDay.map((row) => (
                <Row
                  key={row.id}
                  row={row}
                  zone={zone}
                  kiosk={kioskName.get(row.device) ?? ''}
                  fresh={fresh.has(row.id)}
                />
              ))}
            </ul>
          </div>
        ))}
      </div>
    </section>
  );
}

export function RowName({ row: { person, name } }: { row: BoardRow }) {
  if (person !== null && name !== null) return <PersonLink id={person} name={name} />;
  return <span>{name ?? t('board.list.unknown')}</span>;
}

function Row({ row, zone, kiosk, fresh }: { row: BoardRow; zone: string; kiosk: string; fresh: boolean }) {
  const liveness = t(`liveness.${row.liveness}`);
  const late = Date.parse(row.receivedAt) - Date.parse(row.at) > LATE_MS;
  const initials = row.name ? initialsOf(row.name) : '';
  return (
    <li class="row" data-voided={row.voided !== null} data-fresh={fresh} data-direction={row.direction}>
      <span class="row-avatar" aria-hidden="true">
        {initials || <IconStaff />}
      </span>
      <div class="row-who">
        <p class="row-name" dir="auto">
          {row.voided === null ? (
            <RowName row={row} />
          ) : (
            <s>
              <RowName row={row} />
            </s>
          )}
        </p>
        <p class="row-how">
          <span>{t(`method.${row.method}`)}</span>
          {kiosk && (
            <span>
              <KioskLink id={row.device} name={kiosk} />
            </span>
          )}
          {late && <span>{t('board.list.late', { time: timeIn(row.receivedAt, zone) })}</span>}
        </p>
      </div>
      {liveness && (
        <span class="badge row-liveness" data-kind={row.liveness === 'passed' ? 'good' : 'plain'}>
          {liveness}
        </span>
      )}
      {row.voided === null ? (
        <DirectionChip direction={row.direction} />
      ) : (
        <span class="chip" data-direction="void">
          {t(keyOr(`voided.${row.voided}`, 'voided.label'))}
        </span>
      )}
      <time class="row-time tabular" dateTime={row.at}>
        {exactTimeIn(row.at, zone)}
      </time>
    </li>
  );
}
