import { t } from '../i18n.ts';
import { useKiosk } from '../kiosk.ts';
import { CheckinMethods } from '../parts/check-in-methods.tsx';
import { readErrorText } from '../parts/error-text.ts';
import { Idle } from '../parts/idle.tsx';
import { Title } from '../parts/title.tsx';
import type { Route } from '../route.ts';

/** The method just tried did not work: offers all of them as equals and without blame. Never says which person was near. */
export function OtherMethodScreen({ reason, code, seconds = null }: Extract<Route, { at: 'other-method' }>) {
  const { home } = useKiosk();
  const numberFirst = reason === 'claim-first';
  return (
    <main class="other-method" data-reason={reason}>
      <div class="other-method-words" role="status">
        <Title level="h1">{t(numberFirst ? 'otherMethod.numberFirst' : 'otherMethod.title')}</Title>
        <p class="lead">
          {reason === 'refused'
            ? readErrorText({ code: code ?? '', seconds })
            : t(`otherMethod.${reason}`, { code: code ?? '' })}
        </p>
      </div>
      <CheckinMethods again numberFirst={numberFirst} />
      <p class="hint">{t('otherMethod.desk')}</p>
      <Idle ms={15_000} done={() => home('settled')} />
    </main>
  );
}
