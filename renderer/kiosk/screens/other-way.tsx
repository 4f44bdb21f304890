import { useEffect, useRef } from 'preact/hooks';
import { t } from '../../shared/i18n.ts';
import { IconFace } from '../../shared/icons.tsx';
import { useKiosk } from '../kiosk.ts';
import { IdleNotice, useIdle } from '../parts/idle.tsx';
import { OtherWays } from '../parts/ways.tsx';
import type { OtherWayReason } from '../visits.ts';

/** The face did not do: the other ways in, as equals and without blame. Never says which person was near. */
export function OtherWayScreen({ reason, code }: { reason: OtherWayReason; code: string | null }) {
  const { home, visits, face } = useKiosk();
  const title = useRef<HTMLHeadingElement>(null);
  useEffect(() => title.current?.focus(), []);
  const left = useIdle(15_000, () => home('settled'));
  // After a number the way back to the camera leads by the number again, which stands among the ways.
  const again = reason !== 'blocked' && face.value === 'alone';
  return (
    <main class="other-way" data-reason={reason}>
      <div class="other-way-words" role="status">
        <h1 class="title" ref={title} tabIndex={-1}>
          {t('otherWay.title')}
        </h1>
        <p class="lead">{t(`otherWay.${reason}`, { code: code ?? '' })}</p>
      </div>
      <div class="other-way-ways">
        <OtherWays />
        {again && (
          <button
            type="button"
            class="way"
            onClick={() => {
              visits.restart();
              home('anew');
            }}
          >
            <span class="way-icon">
              <IconFace />
            </span>
            <span class="way-name">{t('otherWay.tryAgain')}</span>
          </button>
        )}
      </div>
      <p class="hint">{t('otherWay.desk')}</p>
      <IdleNotice left={left} />
    </main>
  );
}
