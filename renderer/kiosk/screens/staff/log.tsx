import type { StaffDeed } from '../../../../electron/contract/staff.ts';
import { momentOf } from '../../../shared/i18n.ts';
import { keyOr, t } from '../../i18n.ts';
import { PersonItem, StaffList } from '../../parts/rows.tsx';
import { usePolled } from './polled.ts';
import { useStaff } from './session.ts';

function byLabel(by: StaffDeed['by']): string {
  if (by === null) return t('staffLog.nobody');
  return by.emergency ? t('staffLog.emergency') : (by.name ?? t('staffLog.former'));
}

/** What staff did at this kiosk: who, what and when. The people concerned are not named. */
export function StaffLogScreen() {
  const { core } = useStaff();
  const { value, error } = usePolled(() => core.staffLog({}));
  return (
    <StaffList
      name="log"
      label={t('staffLog.title')}
      status={error || t(value?.deeds.length === 0 ? 'staffLog.none' : 'staffLog.lead')}
    >
      {value?.deeds.map((deed) => (
        <PersonItem
          key={deed.id}
          name={
            <>
              {t(keyOr(`staffLog.what.${deed.what}`, 'staffLog.other'))}
              {deed.member !== null && (
                <>
                  {' · '}
                  <bdi>{deed.member}</bdi>
                </>
              )}
              {deed.outcome !== 'done' && <> · {t(`staffLog.outcome.${deed.outcome}`)}</>}
            </>
          }
          facts={
            <>
              <bdi>{byLabel(deed.by)}</bdi> · <bdi class="tabular">{momentOf(new Date(deed.at))}</bdi>
            </>
          }
        />
      ))}
    </StaffList>
  );
}
