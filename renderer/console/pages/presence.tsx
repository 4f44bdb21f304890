import type { Inside } from '../../../sync/protocol/api/presence.ts';
import { Button } from '../../shared/button.tsx';
import { currentLanguage } from '../../shared/i18n.ts';
import { IconPeople } from '../../shared/icons.tsx';
import { Empty } from '../../shared/web/pieces.tsx';
import { useResource } from '../../shared/web/resource.tsx';
import { t } from '../i18n.ts';
import { personColumn } from '../parts/column.tsx';
import { FilterBar, SiteField } from '../parts/filters.tsx';
import { Ago, Moment } from '../parts/labels.tsx';
import { PageFrame, type PageProps } from '../parts/page.tsx';
import { KioskLink } from '../parts/place-links.tsx';
import { Reading } from '../parts/reading.tsx';
import { DataTable } from '../parts/table.tsx';
import { exactTimeIn, momentIn } from '../state/clock.ts';
import { kioskName } from '../state/places.ts';
import { isSilent, type Presence, readPresence } from '../state/presence.ts';

/** Polling interval, ms. Each read adds everybody shown to the audit log. */
const EVERY_MS = 60_000;
const DAY_MS = 86_400_000;

export function PresenceView({ query }: PageProps) {
  const site = query.get('site') ?? '';
  const language = currentLanguage();
  const read = useResource(`presence ${site} ${language}`, (by) => readPresence(site, language, by), EVERY_MS);
  const presence = read.value;
  return (
    <PageFrame
      of="presence"
      actions={<Button label={t('presence.refresh')} onClick={read.reload} disabled={read.loading} />}
    >
      <FilterBar names={[]}>
        <SiteField />
      </FilterBar>
      <Reading of={read} rows={6} />
      {presence && (
        <div class="with-side">
          <div class="card table-card">
            {presence.people.length === 0 ? (
              <Empty title={t('presence.empty')} text={t('presence.emptyText')} icon={<IconPeople />} />
            ) : (
              <>
                <p class="table-head" role="status">
                  {t('presence.count', { count: presence.people.length })}
                </p>
                <DataTable
                  id="presence"
                  search="here"
                  caption={t('presence.nav')}
                  rows={presence.people}
                  rowKey={(row: Inside) => row.person}
                  columns={{
                    person: personColumn(t('presence.person'), 'person'),
                    since: {
                      label: t('presence.since'),
                      sort: (row) => row.since,
                      cell: (row) => (
                        <>
                          <Moment at={row.since} site={site || null} only="time" />
                          <span class="muted">
                            <Ago at={row.since} site={site || null} />
                          </span>
                        </>
                      ),
                    },
                    kiosk: {
                      label: t('presence.kiosk'),
                      sort: (row) => row.device && kioskOf(row.device, presence.kiosks),
                      cell: (row) => <AtKiosk device={row.device} known={presence.kiosks} />,
                    },
                    method: { label: t('presence.method'), choice: (row) => [row.method, t(`method.${row.method}`)] },
                  }}
                />
              </>
            )}
          </div>
          <KnownAsOf presence={presence} />
        </div>
      )}
    </PageFrame>
  );
}

/** Returns a kiosk's name, also for roles that may not list kiosks. */
const kioskOf = (id: string, known: readonly { id: string; name: string }[]): string =>
  known.find((k) => k.id === id)?.name ?? kioskName(id) ?? '–';

/** The kiosk at which someone came in. */
export const AtKiosk = ({ device, known }: { device: string | null; known: Presence['kiosks'] }) =>
  device === null ? t('presence.byHand') : <KioskLink id={device} name={kioskOf(device, known)} />;

/** As of when each kiosk's data is known. Kiosks out of contact are red. */
export function KnownAsOf({ presence: { kiosks, now, zone } }: { presence: Presence }) {
  return (
    <section class="card panel known" aria-labelledby="known-title">
      <h2 id="known-title">{t('presence.kiosks')}</h2>
      <ul>
        {kiosks.map((kiosk) => {
          const silent = isSilent(kiosk, now);
          const at = kiosk.knownAsOf;
          const old = at !== null && Date.parse(now) - Date.parse(at) > DAY_MS;
          return (
            <li key={kiosk.id} data-silent={silent}>
              <KioskLink id={kiosk.id} name={kiosk.name} />
              <strong class="tabular">
                {at === null ? (
                  t('presence.never')
                ) : (
                  <time dateTime={at} dir="ltr">
                    {old ? momentIn(at, zone) : exactTimeIn(at, zone)}
                  </time>
                )}
              </strong>
              {silent && at !== null && <span class="known-silent">{t('presence.silent')}</span>}
            </li>
          );
        })}
      </ul>
      <p class="muted small">{t('presence.kiosksText')}</p>
    </section>
  );
}
