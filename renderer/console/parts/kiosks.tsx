import { currentLanguage } from '../../shared/i18n.ts';
import { agoOf } from '../core/clock.ts';
import type { Live } from '../core/live.ts';
import { t } from '../i18n.ts';

/** An idle kiosk reports every 20 s: after three times that it counts as silent, ms. */
const IN_CONTACT_MS = 65_000;

export function Kiosks({ live }: { live: Live }) {
  const { devices } = live.board.value;
  const now = live.serverNow.value;
  return (
    <section class="card kiosks" aria-labelledby="kiosks-title">
      <h2 id="kiosks-title">{t('board.kiosks.title')}</h2>
      {devices.length === 0 && <p class="muted">{t('board.kiosks.none')}</p>}
      <ul>
        {devices.map(({ id, name, lastHeardAt }) => {
          const silence = lastHeardAt === null ? null : now - Date.parse(lastHeardAt);
          const state = silence === null ? 'never' : silence <= IN_CONTACT_MS ? 'online' : 'silent';
          return (
            <li key={id} class="kiosk" data-state={state}>
              <span class="kiosk-dot" aria-hidden="true" />
              <div>
                <p class="kiosk-name">{name}</p>
                <p class="muted">{t(`board.kiosks.${state}`, { ago: agoOf(silence ?? 0, currentLanguage()) })}</p>
              </div>
            </li>
          );
        })}
      </ul>
    </section>
  );
}
