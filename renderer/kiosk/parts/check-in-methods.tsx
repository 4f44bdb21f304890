import type { ComponentChildren } from 'preact';
import type { Status } from '../../../electron/contract/methods.ts';
import { IconBadge, IconFace, IconKeypad, IconQr } from '../../shared/icons.tsx';
import { type Key, t } from '../i18n.ts';
import { useKiosk } from '../kiosk.ts';
import { troubleOf } from './camera-trouble.tsx';
import { MethodButton } from './method-button.tsx';

type CheckinMethod = Status['checkinMethods'][number];

interface Card {
  readonly icon: ComponentChildren;
  readonly open: () => void;
  /** Keys of its texts, if not derived from the method. */
  readonly name?: Key;
  readonly hint?: Key;
  /** Unavailable while the camera gives no picture. */
  readonly needsCamera?: boolean;
}

/**
 * The check-in methods, as equals: in the site's order, with the same size and style. The core leaves out those it does not
 * support. While the camera gives no picture, methods that need it are still shown, last, and say why they are unavailable.
 *
 * @param again the face has been tried, which its card says
 * @param numberFirst this face can only be used after a number
 */
export function CheckinMethods({ again = false, numberFirst = false }: { again?: boolean; numberFirst?: boolean }) {
  const { go, home, face, claim, link, camera, visits, called } = useKiosk();
  const blind = troubleOf(camera.state.value, visits.stage.value.reason) !== null;
  const asksNumber = numberFirst || face.value === 'with-number';
  const byNumber: Card = {
    icon: <IconFace />,
    open: () => go({ at: 'number' }),
    name: claim.value === null ? 'checkinMethods.numberFace' : 'checkinMethods.otherNumber',
    hint: 'checkinMethods.numberFaceHint',
    needsCamera: true,
  };
  const byFace: Card = {
    icon: <IconFace />,
    open: () => {
      home('again');
      called.value++;
    },
    name: again ? 'otherMethod.tryAgain' : 'checkinMethods.face',
    needsCamera: true,
  };
  const cards: Record<CheckinMethod, Card> = {
    face: asksNumber ? byNumber : byFace,
    pin: { icon: <IconKeypad />, open: () => go({ at: 'pin' }) },
    qr: { icon: <IconQr />, open: () => go({ at: 'qr' }), needsCamera: !link.status.value?.reader },
    badge: { icon: <IconBadge />, open: () => go({ at: 'badge' }) },
  };
  const cannot = (method: CheckinMethod): boolean => blind && cards[method].needsCamera === true;
  const offered = (link.status.value?.checkinMethods ?? []).filter((one) => one !== 'face' || face.value !== 'off');
  const shown = [...offered.filter((one) => !cannot(one)), ...offered.filter(cannot)];
  return (
    <nav class="methods" id="methods" aria-label={t('checkinMethods.title')} data-count={shown.length}>
      {shown.map((method) => {
        const { icon, open, name = `checkinMethods.${method}`, hint = `checkinMethods.${method}Hint` } = cards[method];
        return (
          <MethodButton
            key={method}
            icon={icon}
            name={t(name)}
            hint={t(cannot(method) ? 'checkinMethods.noCamera' : hint)}
            data-method={method}
            aria-disabled={cannot(method)}
            onClick={() => !cannot(method) && open()}
          />
        );
      })}
    </nav>
  );
}
