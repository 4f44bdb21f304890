import { useEffect, useRef } from 'preact/hooks';
import { t } from '../../shared/i18n.ts';
import { useKiosk } from '../kiosk.ts';
import { IdleNotice, useIdle } from '../parts/idle.tsx';
import { readErrorText } from '../parts/read-error.ts';
import { Ways } from '../parts/ways.tsx';
import type { OtherWayReason } from '../visits.ts';

/** The way that was tried did not do: all ways in, as equals and without blame. Never says which person was near. */
export function OtherWayScreen({
  reason,
  code,
  seconds,
}: {
  reason: OtherWayReason;
  code: string | null;
  seconds: number | null;
}) {
  const { home } = useKiosk();
  const numberFirst = reason === 'claim-first';
  const title = useRef<HTMLHeadingElement>(null);
  useEffect(() => title.current?.focus(), []);
  const left = useIdle(15_000, () => home('settled'));
  return (
    <main class="other-way" data-reason={reason}>
      <div class="other-way-words" role="status">
        <h1 class="title" ref={title} tabIndex={-1}>
          {t(numberFirst ? 'otherWay.numberFirst' : 'otherWay.title')}
        </h1>
        <p class="lead">
          {reason === 'refused' && code !== null
            ? readErrorText({ code, seconds })
            : t(`otherWay.${reason}`, { code: code ?? '' })}
        </p>
      </div>
      <Ways again numberFirst={numberFirst} />
      <p class="hint">{t('otherWay.desk')}</p>
      <IdleNotice left={left} />
    </main>
  );
}
