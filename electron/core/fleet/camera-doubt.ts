import { readdirSync, readFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { isVirtualCamera, type VideoDevice } from '../../../models/rules/camera/virtual.ts';
import type { CameraDoubt } from '../../../sync/protocol/wire/fleet.ts';

/** Where Linux lists video devices; those without hardware lead to a folder of `/sys/devices/virtual`. */
const VIDEO = '/sys/class/video4linux';

/** The system's video devices; none where it does not list them so. @param folder for tests */
export function videoDevices(folder = VIDEO): VideoDevice[] {
  try {
    return readdirSync(folder).flatMap((entry) => {
      try {
        const path = join(folder, entry);
        const name = readFileSync(join(path, 'name'), 'utf8').trim();
        return [{ name, virtual: realpathSync(path).includes('/devices/virtual/') }];
      } catch {
        return []; // pulled out meanwhile
      }
    });
  } catch {
    return []; // no Linux, or no camera
  }
}

export interface ScreenCamera {
  readonly label?: string | undefined;
  readonly doubt?: Exclude<CameraDoubt, 'virtual'> | undefined;
}

/**
 * Why the pictures of the camera may be made up; undefined: nothing says so.
 *
 * @param declared the site says that its camera is a virtual one: then its frames may be anything
 */
export function cameraDoubt(
  { label, doubt }: ScreenCamera,
  declared: boolean,
  devices: () => readonly VideoDevice[] = videoDevices,
): CameraDoubt | undefined {
  if (declared) return undefined;
  return label !== undefined && isVirtualCamera(label, devices()) ? 'virtual' : doubt;
}
