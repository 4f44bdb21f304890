import type { ComponentChildren } from 'preact';
import type { Status } from '../../../electron/contract/methods.ts';
import { t } from '../../shared/i18n.ts';
import { IconBadge, IconFace, IconKeypad, IconQr } from '../../shared/icons.tsx';
import { useKiosk } from '../kiosk.ts';
import { troubleOf } from './camera-trouble.tsx';

type Way = Status['ways'][number];

interface Card {
  readonly way: Way;
  readonly icon: ComponentChildren;
  readonly name: string;
  readonly hint: string;
  readonly open: () => void;
  /** Of no use while the camera gives no picture. */
  readonly needsCamera?: boolean;
}

/**
 * The ways in, as equals: the site's own order, one size, one look. The core leaves out what it can't do. What needs the
 * camera while it gives no picture stays in sight, behind the others, and says why it can't be taken.
 *
 * @param again the face has been tried: its card says so
 * @param numberFirst this face counts after a number alone
 */
export function Ways({ again = false, numberFirst = false }: { again?: boolean; numberFirst?: boolean }) {
  const { go, home, face, claim, link, camera, visits, called } = useKiosk();
  const blind = troubleOf(camera.state.value, visits.stage.value.reason) !== null;
  const cards: Record<Way, Card | null> = {
    face:
      face.value === 'off'
        ? null
        : numberFirst || face.value === 'with-number'
          ? {
              way: 'face',
              icon: <IconFace />,
              name: t(claim.value === null ? 'ways.numberFace' : 'ways.otherNumber'),
              hint: t('ways.numberFaceHint'),
              open: () => go({ at: 'number' }),
              needsCamera: true,
            }
          : {
              way: 'face',
              icon: <IconFace />,
              name: t(again ? 'otherWay.tryAgain' : 'ways.face'),
              hint: t('ways.faceHint'),
              open: () => {
                home('anew');
                called.value++;
              },
              needsCamera: true,
            },
    pin: {
      way: 'pin',
      icon: <IconKeypad />,
      name: t('ways.pin'),
      hint: t('ways.pinHint'),
      open: () => go({ at: 'pin' }),
    },
    qr: {
      way: 'qr',
      icon: <IconQr />,
      name: t('ways.qr'),
      hint: t('ways.qrHint'),
      open: () => go({ at: 'qr' }),
      needsCamera: !link.status.value?.reader,
    },
    badge: {
      way: 'badge',
      icon: <IconBadge />,
      name: t('ways.badge'),
      hint: t('ways.badgeHint'),
      open: () => go({ at: 'badge' }),
    },
  };
  const cannot = (card: Card): boolean => blind && card.needsCamera === true;
  const offered = (link.status.value?.ways ?? []).flatMap((way) => cards[way] ?? []);
  const shown = [...offered.filter((card) => !cannot(card)), ...offered.filter(cannot)];
  return (
    <nav class="ways" id="ways" aria-label={t('ways.title')} data-count={shown.length}>
      {shown.map((card) => (
        <button
          key={card.way}
          type="button"
          class="way"
          data-way={card.way}
          aria-disabled={cannot(card)}
          onClick={() => !cannot(card) && card.open()}
        >
          <span class="way-icon">{card.icon}</span>
          <span class="way-name">{card.name}</span>
          <span class="way-hint">{cannot(card) ? t('ways.noCamera') : card.hint}</span>
        </button>
      ))}
    </nav>
  );
}
