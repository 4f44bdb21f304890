import { currentLanguage } from '../../shared/i18n.ts';
import { t } from '../i18n.ts';
import { exactTimeIn, momentIn } from '../state/clock.ts';
import { isSilent, type Presence } from '../state/presence.ts';

const DAY_MS = 86_400_000;

/** Until when each kiosk of the site is known; who is not in contact in red. */
export function KnownAsOf({ presence: { kiosks, now, zone } }: { presence: Presence }) {
  const language = currentLanguage();
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
              <bdi>{kiosk.name}</bdi>
              <strong class="tabular">
                {at === null ? (
                  t('presence.never')
                ) : (
                  <time dateTime={at} dir="ltr">
                    {old ? momentIn(at, zone, language) : exactTimeIn(at, zone, language)}
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
