import { IconAlert } from '../../../shared/icons.tsx';
import { t } from '../../i18n.ts';
import { useKiosk } from '../../kiosk.ts';
import { troubleOf } from '../../parts/camera-trouble.tsx';
import { nextStepOf, noticeText } from '../../parts/error-text.ts';

interface Condition {
  readonly key: string;
  readonly what: string;
  /** What to do; empty: the sentence has said it, or the state of the kiosk does. */
  readonly next: string;
}

/** What is wrong with the kiosk, each with what to do: where staff looks first, whatever they came for. */
export function Conditions() {
  const { link, camera, visits } = useKiosk();
  const status = link.status.value;
  if (!status) return null;
  const conditions: Condition[] = [];
  if (status.storage !== 'ok')
    conditions.push({
      key: 'storage',
      what: t(status.storage === 'full' ? 'conditions.full' : 'conditions.low'),
      next: t('conditions.makeRoom'),
    });
  const trouble = troubleOf(camera.state.value, visits.stage.value.reason);
  if (trouble)
    conditions.push({
      key: 'camera',
      what: t(`camera.${trouble.kind}`),
      next: t(`camera.${trouble.kind}More`, trouble.detail),
    });
  const state = camera.state.value;
  if (state.kind === 'live' && state.instead)
    conditions.push({ key: 'camera-replaced', what: t('camera.replaced'), next: t('camera.replacedMore') });
  const { face } = status;
  if (face.use === 'off')
    conditions.push({ key: 'face', what: t('stage.off'), next: nextStepOf(face.code, face.nextStep) });
  for (const code of status.notices) conditions.push({ key: code, what: noticeText(code), next: nextStepOf(code, '') });
  if (conditions.length === 0) return null;
  return (
    <ul class="conditions" aria-label={t('conditions.title')}>
      {conditions.map(({ key, what, next }) => (
        <li key={key} data-condition={key}>
          <IconAlert />
          <p>
            <strong>{what}</strong>
            {next !== '' && <span>{next}</span>}
          </p>
        </li>
      ))}
    </ul>
  );
}
