import { IconCameraOff } from '../../shared/icons.tsx';
import type { CameraState, CameraTrouble } from '../camera.ts';
import { t } from '../i18n.ts';

interface Trouble {
  readonly kind: CameraTrouble | 'covered';
  readonly detail: Record<string, string>;
}

/** What is wrong with the camera, if anything; `reason` is what the screen would have people change. */
export function troubleOf(camera: CameraState, reason: string | null): Trouble | null {
  if (camera.kind === 'broken') return { kind: 'broken', detail: { name: camera.name } };
  if (camera.kind !== 'off' && camera.kind !== 'starting' && camera.kind !== 'live')
    return { kind: camera.kind, detail: {} };
  return reason === 'covered' ? { kind: 'covered', detail: {} } : null;
}

/** In place of the picture: what is wrong with the camera and what to do. It goes by itself when that is fixed. */
export function CameraTroubleCard({ kind, detail, otherMethods = false }: Trouble & { otherMethods?: boolean }) {
  return (
    <div class="camera-trouble" role="status" data-trouble={kind}>
      <span class="camera-trouble-icon">
        <IconCameraOff />
      </span>
      <h2>{t(`camera.${kind}`)}</h2>
      <p>{t(`camera.${kind}More`, detail)}</p>
      {otherMethods && <p class="camera-trouble-methods">{t('camera.meanwhile')}</p>}
    </div>
  );
}
