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
}

/**
 * The ways in, as equals: the site's own order, one size, one look. What this kiosk can't do at the moment is left out:
 * the core leaves out what it can't, and without a camera neither face nor code is of any use.
 *
 * @param again the face has been tried: its card says so
 * @param numberFirst this face counts after a number alone
 */
export function Ways({ again = false, numberFirst = false }: { again?: boolean; numberFirst?: boolean }) {
  const { go, home, face, claim, link, camera, visits } = useKiosk();
  const blind = troubleOf(camera.state.value, null) !== null;
  const cards: Record<Way, Card | null> = {
    face:
      blind || face.value === 'off'
        ? null
        : numberFirst || face.value === 'with-number'
          ? {
              way: 'face',
              icon: <IconFace />,
              name: t(claim.value === null ? 'ways.numberFace' : 'ways.otherNumber'),
              hint: t('ways.numberFaceHint'),
              open: () => go({ at: 'number' }),
            }
          : {
              way: 'face',
              icon: <IconFace />,
              name: t(again ? 'otherWay.tryAgain' : 'ways.face'),
              hint: t('ways.faceHint'),
              open: () => {
                visits.restart();
                home('anew');
              },
            },
    pin: {
      way: 'pin',
      icon: <IconKeypad />,
      name: t('ways.pin'),
      hint: t('ways.pinHint'),
      open: () => go({ at: 'pin' }),
    },
    qr: blind
      ? null
      : { way: 'qr', icon: <IconQr />, name: t('ways.qr'), hint: t('ways.qrHint'), open: () => go({ at: 'qr' }) },
    badge: {
      way: 'badge',
      icon: <IconBadge />,
      name: t('ways.badge'),
      hint: t('ways.badgeHint'),
      open: () => go({ at: 'badge' }),
    },
  };
  const shown = (link.status.value?.ways ?? []).flatMap((way) => cards[way] ?? []);
  return (
    <nav class="ways" id="ways" aria-label={t('ways.title')} data-count={shown.length}>
      {shown.map(({ way, icon, name, hint, open }) => (
        <button key={way} type="button" class="way" data-way={way} onClick={open}>
          <span class="way-icon">{icon}</span>
          <span class="way-name">{name}</span>
          <span class="way-hint">{hint}</span>
        </button>
      ))}
    </nav>
  );
}
