import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { Output } from '../../../../electron/contract/methods.ts';
import { t } from '../../i18n.ts';
import { staffErrorText, useStaff } from './session.ts';

/**
 * A picture that waits, with a frame around the face that would be taken. It is drawn, never given an address, and its pixels
 * go with this part of the screen.
 */
export function ReviewPicture({ photo, name }: { photo: string; name: string }) {
  const { core } = useStaff();
  const canvas = useRef<HTMLCanvasElement>(null);
  const face = useSignal<Output<'reviewShow'>['face'] | null>(null);
  const error = useSignal('');
  useEffect(() => {
    const surface = canvas.current;
    let over = false;
    async function draw(): Promise<void> {
      const shown = await core.reviewShow({ photo });
      const bitmap = await createImageBitmap(new Blob([Uint8Array.from(shown.picture)]));
      if (surface && !over) {
        surface.width = bitmap.width;
        surface.height = bitmap.height;
        surface.getContext('2d')?.drawImage(bitmap, 0, 0);
        face.value = shown.face;
      }
      bitmap.close();
    }
    face.value = null;
    error.value = '';
    draw().catch((cause) => {
      if (!over) error.value = staffErrorText(cause);
    });
    return () => {
      over = true;
      if (surface) surface.width = surface.height = 0;
    };
  }, [photo]);
  const percent = (share: number): string => `${100 * share}%`;
  const at = face.value;
  return (
    <figure class="review-picture">
      {/* Left stays left: a picture is not turned with the language. */}
      <div class="review-frame" dir="ltr" data-shown={at !== null}>
        <canvas ref={canvas} role="img" aria-label={t('review.picture', { name })} />
        {at && (
          <span
            class="review-face"
            style={{ left: percent(at[0]), top: percent(at[1]), width: percent(at[2]), height: percent(at[3]) }}
          />
        )}
      </div>
      {error.value && (
        <p class="form-error" role="alert">
          {error.value}
        </p>
      )}
    </figure>
  );
}
