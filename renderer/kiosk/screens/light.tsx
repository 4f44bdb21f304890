import { useEffect, useRef } from 'preact/hooks';
import { Button } from '../../shared/button.tsx';
import { t } from '../i18n.ts';
import { useKiosk } from '../kiosk.ts';
import { Title } from '../parts/title.tsx';
import type { LightView } from '../visits.ts';
import { say } from './checkin.tsx';

/** Fills the screen with soft colours, one after the other, to be reflected by the face. The last one stays until the answer. */
export function LightScreen({ sequence }: { sequence: Exclude<LightView, 'follow' | null> }) {
  const { visits } = useKiosk();
  const root = useRef<HTMLElement>(null);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let frame = 0;
    const show = (i: number): void => {
      root.current!.style.backgroundColor = sequence[i]!.colour;
      // The colour is drawn in the next frame. By the frame after that it is on the screen.
      frame = requestAnimationFrame(() => {
        frame = requestAnimationFrame((at) => {
          visits.lit(at);
          if (i + 1 < sequence.length) timer = setTimeout(show, sequence[i]!.ms, i + 1);
        });
      });
    };
    show(0);
    return () => {
      clearTimeout(timer);
      cancelAnimationFrame(frame);
    };
  }, [sequence, visits]);
  const { reason } = visits.stage.value;
  return (
    <main ref={root} class="light">
      <div>
        <Title level="h1">{t('challenge.middle')}</Title>
        <p class="lead" role="status">
          {reason ? say('guide', reason) : t('light.text')}
        </p>
      </div>
      <Button size="big" onClick={visits.withoutLight}>
        {t('light.without')}
      </Button>
    </main>
  );
}
