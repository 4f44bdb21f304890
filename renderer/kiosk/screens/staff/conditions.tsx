import { IconAlert } from '../../../shared/icons.tsx';
import { hasSentence, t } from '../../i18n.ts';
import { useKiosk } from '../../kiosk.ts';
import { troubleOf } from '../../parts/camera-trouble.tsx';

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
  if (status.face.use === 'off') {
    const next = `coreError.${status.face.code}.next`;
    conditions.push({ key: 'face', what: t('stage.off'), next: hasSentence(next) ? t(next) : status.face.nextStep });
  }
  for (const code of status.notices) {
    const message = `status.notice.${code}`;
    const next = `coreError.${code}.next`;
    conditions.push({
      key: code,
      what: hasSentence(message) ? t(message) : t('status.notice.other', { code }),
      next: hasSentence(next) ? t(next) : '',
    });
  }
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
