import { IconAlert, IconBadge } from '../../shared/icons.tsx';
import { t } from '../i18n.ts';
import { useKiosk } from '../kiosk.ts';
import { CameraTroubleCard, troubleOf } from '../parts/camera-trouble.tsx';
import { useCodes } from '../parts/codes.ts';
import { readErrorText } from '../parts/error-text.ts';
import { Idle } from '../parts/idle.tsx';
import { Stage } from '../parts/stage.tsx';
import { ScreenHead, Title } from '../parts/title.tsx';

/**
 * Show a QR code to the camera, or a badge to the reader. Both screens accept both: a printed card is a badge that the
 * camera reads, and its holder need not know which of the two is meant.
 */
export function PresentScreen({ method }: { method: 'qr' | 'badge' }) {
  const { camera, arrivals, home, link } = useKiosk();
  const refused = arrivals.refused.value;
  const title = t(method === 'qr' ? 'scan.title' : 'badge.title');
  const broken = useCodes((text) => void arrivals.scanned(text));
  const noCamera = troubleOf(camera.state.value, null);
  // A serial reader also reads codes.
  const byReader = method === 'qr' && noCamera !== null && link.status.value?.reader === true;
  const trouble = method === 'qr' && !byReader ? noCamera : null;
  const ready = byReader ? 'scan.readerReady' : broken ? 'scan.failed' : 'scan.ready';
  const reads = method === 'qr' ? ready : 'badge.ready';
  const message = refused
    ? refused.code === 'foreign'
      ? [t('scan.foreign'), t('scan.foreignMore')]
      : [readErrorText(refused), '']
    : arrivals.busy.value
      ? [t(method === 'qr' ? 'scan.checking' : 'badge.checking'), '']
      : [t(reads), t(method === 'qr' ? 'scan.readyMore' : 'badge.readyMore')];
  return (
    <main class="screen present" data-method={method}>
      <ScreenHead title={<Title level="h1">{title}</Title>} back={() => home()} />
      <section class="face" aria-label={title}>
        {trouble ? (
          <CameraTroubleCard {...trouble} otherMethods />
        ) : method === 'badge' || byReader ? (
          <div class="present-reader" aria-hidden="true">
            <IconBadge />
          </div>
        ) : (
          <Stage progress={arrivals.busy.value ? 1 : 0} tone="good">
            <span class="stage-square" aria-hidden="true" />
          </Stage>
        )}
        {!trouble && (
          <div class="sentence" role="status" data-tone={refused ? 'bad' : 'calm'}>
            <p class="sentence-main">
              {refused && <IconAlert />}
              <span>{message[0]}</span>
            </p>
            <p class="sentence-more">{message[1]}</p>
          </div>
        )}
      </section>
      <Idle ms={30_000} done={home} alive={`${refused?.n}${arrivals.busy.value}`} />
    </main>
  );
}
