import { IconCameraOff } from '../../shared/icons.tsx';
import type { CameraState, CameraTrouble } from '../camera.ts';
import { t } from '../i18n.ts';

interface Trouble {
  readonly kind: CameraTrouble | 'covered';
  readonly detail: Record<string, string>;
}

/** Returns the camera's problem, if any. `reason` is what the screen would ask people to change. */
export function troubleOf(camera: CameraState, reason: string | null): Trouble | null {
  if (camera.kind === 'broken') return { kind: 'broken', detail: { name: camera.name } };
  if (camera.kind !== 'off' && camera.kind !== 'starting' && camera.kind !== 'live')
    return { kind: camera.kind, detail: {} };
  return reason === 'covered' ? { kind: 'covered', detail: {} } : null;
}

/** Shown instead of the picture: the camera's problem and what to do. Disappears once it is solved. */
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
