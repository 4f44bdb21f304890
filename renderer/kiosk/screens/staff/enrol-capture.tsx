import { useEffect, useMemo } from 'preact/hooks';
import type { Output } from '../../../../electron/contract/methods.ts';
import { Button } from '../../../shared/button.tsx';
import { listed } from '../../../shared/i18n.ts';
import { t } from '../../i18n.ts';
import { useKiosk } from '../../kiosk.ts';
import { CameraTroubleCard, troubleOf } from '../../parts/camera-trouble.tsx';
import { Stage } from '../../parts/stage.tsx';
import { say } from '../checkin.tsx';
import { createCapture } from './capture.ts';
import { useStaff } from './session.ts';

interface EnrolCaptureProps {
  steps: string;
  enrolment: Output<'enrolBegin'>;
  done: () => void;
  failed: (error: unknown) => void;
  cancel: () => void;
}

/** Guides through the poses one after the other, each with the one thing to correct. */
export function EnrolCapture({ steps, enrolment, done, failed, cancel }: EnrolCaptureProps) {
  const { core, steps: touches } = useStaff();
  const { camera, detector, onDetection, sounds } = useKiosk();
  const capture = useMemo(
    () =>
      createCapture(enrolment.poses, {
        capture: (frame) => core.enrolCapture({ enrolment: enrolment.enrolment, frame }),
        sample: detector.sample,
        done,
        failed,
        stepped: () => {
          sounds.play('tick');
          touches.value++;
        },
      }),
    [enrolment],
  );
  useEffect(() => {
    const off = onDetection((s) => capture.seen(s));
    return () => {
      off();
      capture.stop();
    };
  }, [capture, onDetection]);
  const view = capture.view.value;
  const trouble = troubleOf(camera.state.value, view.reason);
  const all = enrolment.poses.length;
  const saving = view.remaining.length === 0;
  const asking = view.reason === null;
  return (
    <div class="enrol-capture">
      <p class="steps">{steps}</p>
      <section class="face">
        {trouble ? (
          <CameraTroubleCard {...trouble} />
        ) : (
          <>
            <Stage progress={view.progress} tone={view.reason === null ? 'good' : 'calm'}>
              {!view.present && <span class="stage-silhouette" aria-hidden="true" />}
            </Stage>
            <div class="sentence" role="status">
              <p class="sentence-main">
                {saving ? t('enrol.saving') : asking ? say('enrol.pose', view.pose) : say('guide', view.reason ?? '')}
              </p>
              <p class="sentence-more tabular">
                {t('enrol.progress', { done: all - view.remaining.length, all })}
                {!saving &&
                  ` · ${t('enrol.left', { poses: listed(view.remaining.map((p) => say('enrol.poseName', p))) })}`}
              </p>
            </div>
          </>
        )}
      </section>
      <Button onClick={cancel}>{t('cancel')}</Button>
    </div>
  );
}
