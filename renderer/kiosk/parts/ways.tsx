import { t } from '../../shared/i18n.ts';
import { IconFace, IconKeypad } from '../../shared/icons.tsx';
import { useKiosk } from '../kiosk.ts';

/** The ways in beside the face, as large as it. QR code and badge take their place in the same row when the core has them. */
export function OtherWays() {
  const { go, face, claim } = useKiosk();
  return (
    <nav class="ways" id="ways" aria-label={t('ways.title')}>
      {face.value === 'with-number' && (
        <button type="button" class="way" onClick={() => go({ at: 'number' })}>
          <span class="way-icon">
            <IconFace />
          </span>
          <span class="way-name">{t(claim.value === null ? 'ways.numberFace' : 'ways.otherNumber')}</span>
          <span class="way-hint">{t('ways.numberFaceHint')}</span>
        </button>
      )}
      <button type="button" class="way" onClick={() => go({ at: 'pin' })}>
        <span class="way-icon">
          <IconKeypad />
        </span>
        <span class="way-name">{t('ways.pin')}</span>
        <span class="way-hint">{t('ways.pinHint')}</span>
      </button>
    </nav>
  );
}
