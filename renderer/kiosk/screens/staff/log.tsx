import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { StaffDeed } from '../../../../electron/contract/staff.ts';
import { momentOf } from '../../../shared/i18n.ts';
import { keyOr, t } from '../../i18n.ts';
import { useKiosk } from '../../kiosk.ts';
import { SessionOver, type StaffSession, staffErrorText } from './session.ts';

function byLabel(by: StaffDeed['by']): string {
  if (by === null) return t('staffLog.nobody');
  return by.emergency ? t('staffLog.emergency') : (by.name ?? t('staffLog.former'));
}

/** What staff did at this kiosk: who, what and when. People it was done to are not named. */
export function StaffLogScreen({ session }: { session: StaffSession }) {
  const { core } = useKiosk();
  const deeds = useSignal<readonly StaffDeed[] | null>(null);
  const said = useSignal('');
  useEffect(() => {
    session
      .run((token) => core.staffLog({ token }))
      .then((found) => {
        deeds.value = found.deeds;
      })
      .catch((cause: unknown) => {
        if (!(cause instanceof SessionOver)) said.value = staffErrorText(cause);
      });
  }, []);
  return (
    <section class="staff-list" data-list="log">
      <p class="hint" role="status">
        {said.value || t(deeds.value?.length === 0 ? 'staffLog.none' : 'staffLog.lead')}
      </p>
      {/* It scrolls when there are many, so it must be reachable by keyboard. */}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrollable region has to take the focus */}
      <ul tabIndex={0} aria-label={t('staffLog.title')}>
        {deeds.value?.map((deed) => (
          <li key={deed.id} class="person">
            <div class="person-words">
              <p class="person-name">
                {t(keyOr(`staffLog.what.${deed.what}`, 'staffLog.other'))}
                {deed.member !== null && (
                  <>
                    {' · '}
                    <bdi>{deed.member}</bdi>
                  </>
                )}
                {deed.outcome !== 'done' && <> · {t(`staffLog.outcome.${deed.outcome}`)}</>}
              </p>
              <p class="person-facts">
                <bdi>{byLabel(deed.by)}</bdi> · <bdi class="tabular">{momentOf(new Date(deed.at))}</bdi>
              </p>
            </div>
          </li>
        ))}
      </ul>
    </section>
  );
}
