import { useEffect } from 'preact/hooks';
import { directionOf } from '../../shared/i18n.ts';
import { IconIn, IconInfo, IconOut } from '../../shared/icons.tsx';
import { greetingLanguage, tIn } from '../i18n.ts';
import { useKiosk } from '../kiosk.ts';
import { Title } from '../parts/title.tsx';
import type { Recent } from '../route.ts';

/** The core has to hear of it before its own time is over. */
const SAFETY_MS = 1_200;

/**
 * "That was wrong": which way. Walking off is enough of an answer: the record is taken back as not right before the
 * time in which it can be is over.
 */
export function WrongScreen({ recent: { receipt, until } }: { recent: Recent }) {
  const { takeBack } = useKiosk();
  useEffect(() => {
    const rest = Math.max(0, until - SAFETY_MS - performance.now());
    const timer = setTimeout(() => void takeBack(receipt, 'not-right'), rest);
    return () => clearTimeout(timer);
  }, [receipt, until, takeBack]);
  const lng = greetingLanguage(receipt);
  const came = receipt.direction === 'in';
  return (
    <main class="wrong" lang={lng} dir={directionOf(lng)}>
      <div class="other-method-words">
        <Title level="h1">{tIn(lng, 'result.wrongTitle')}</Title>
        <p class="lead">{tIn(lng, 'result.wrongMore')}</p>
      </div>
      <div class="methods" data-count="2">
        <button type="button" class="method" onClick={() => void takeBack(receipt, 'wrong-direction')}>
          <span class="method-icon">{came ? <IconOut /> : <IconIn />}</span>
          <span class="method-name">{tIn(lng, came ? 'result.wrongIn' : 'result.wrongOut')}</span>
        </button>
        <button type="button" class="method" onClick={() => void takeBack(receipt, 'not-right')}>
          <span class="method-icon">
            <IconInfo />
          </span>
          <span class="method-name">{tIn(lng, 'result.wrongElse')}</span>
        </button>
      </div>
    </main>
  );
}
