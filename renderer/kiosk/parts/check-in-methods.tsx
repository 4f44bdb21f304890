import type { ComponentChildren } from 'preact';
import type { Status } from '../../../electron/contract/methods.ts';
import { IconBadge, IconFace, IconKeypad, IconQr } from '../../shared/icons.tsx';
import { t } from '../i18n.ts';
import { useKiosk } from '../kiosk.ts';
import { troubleOf } from './camera-trouble.tsx';

type CheckinMethod = Status['checkinMethods'][number];

interface Card {
  readonly method: CheckinMethod;
  readonly icon: ComponentChildren;
  readonly name: string;
  readonly hint: string;
  readonly open: () => void;
  /** Of no use while the camera gives no picture. */
  readonly needsCamera?: boolean;
}

/**
 * The check-in methods, as equals: the site's own order, one size, one look. The core leaves out what it can't do. What
 * needs the camera while it gives no picture stays in sight, behind the others, and says why it can't be taken.
 *
 * @param again the face has been tried: its card says so
 * @param numberFirst this face counts after a number alone
 */
export function CheckinMethods({ again = false, numberFirst = false }: { again?: boolean; numberFirst?: boolean }) {
  const { go, home, face, claim, link, camera, visits, called } = useKiosk();
  const blind = troubleOf(camera.state.value, visits.stage.value.reason) !== null;
  const cards: Record<CheckinMethod, Card | null> = {
    face:
      face.value === 'off'
        ? null
        : numberFirst || face.value === 'with-number'
          ? {
              method: 'face',
              icon: <IconFace />,
              name: t(claim.value === null ? 'checkinMethods.numberFace' : 'checkinMethods.otherNumber'),
              hint: t('checkinMethods.numberFaceHint'),
              open: () => go({ at: 'number' }),
              needsCamera: true,
            }
          : {
              method: 'face',
              icon: <IconFace />,
              name: t(again ? 'otherMethod.tryAgain' : 'checkinMethods.face'),
              hint: t('checkinMethods.faceHint'),
              open: () => {
                home('again');
                called.value++;
              },
              needsCamera: true,
            },
    pin: {
      method: 'pin',
      icon: <IconKeypad />,
      name: t('checkinMethods.pin'),
      hint: t('checkinMethods.pinHint'),
      open: () => go({ at: 'pin' }),
    },
    qr: {
      method: 'qr',
      icon: <IconQr />,
      name: t('checkinMethods.qr'),
      hint: t('checkinMethods.qrHint'),
      open: () => go({ at: 'qr' }),
      needsCamera: !link.status.value?.reader,
    },
    badge: {
      method: 'badge',
      icon: <IconBadge />,
      name: t('checkinMethods.badge'),
      hint: t('checkinMethods.badgeHint'),
      open: () => go({ at: 'badge' }),
    },
  };
  const cannot = (card: Card): boolean => blind && card.needsCamera === true;
  const offered = (link.status.value?.checkinMethods ?? []).flatMap((method) => cards[method] ?? []);
  const shown = [...offered.filter((card) => !cannot(card)), ...offered.filter(cannot)];
  return (
    <nav class="methods" id="methods" aria-label={t('checkinMethods.title')} data-count={shown.length}>
      {shown.map((card) => (
        <button
          key={card.method}
          type="button"
          class="method"
          data-method={card.method}
          aria-disabled={cannot(card)}
          onClick={() => !cannot(card) && card.open()}
        >
          <span class="method-icon">{card.icon}</span>
          <span class="method-name">{card.name}</span>
          <span class="method-hint">{cannot(card) ? t('checkinMethods.noCamera') : card.hint}</span>
        </button>
      ))}
    </nav>
  );
}
