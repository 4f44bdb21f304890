import { readdirSync, readFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { isVirtualCamera, type VideoDevice } from '../../../models/rules/camera/virtual.ts';
import type { CameraDoubt } from '../../../sync/protocol/wire/fleet.ts';

/** Where Linux lists video devices. Those without hardware link to a folder in `/sys/devices/virtual`. */
const VIDEO = '/sys/class/video4linux';

/** Returns the system's video devices; none if it does not list them here. @param folder for tests */
export function videoDevices(folder = VIDEO): VideoDevice[] {
  try {
    return readdirSync(folder).flatMap((entry) => {
      try {
        const path = join(folder, entry);
        const name = readFileSync(join(path, 'name'), 'utf8').trim();
        return [{ name, virtual: realpathSync(path).includes('/devices/virtual/') }];
      } catch {
        return []; // unplugged meanwhile
      }
    });
  } catch {
    return []; // not Linux, or no camera
  }
}

export interface ScreenCamera {
  readonly label?: string | undefined;
  readonly doubt?: Exclude<CameraDoubt, 'virtual'> | undefined;
}

/**
 * Returns why the camera's frames may be fake; undefined if nothing suggests it.
 *
 * @param declared the site says that its camera is virtual: then any frames are accepted
 */
export function cameraDoubt(
  { label, doubt }: ScreenCamera,
  declared: boolean,
  devices: () => readonly VideoDevice[] = videoDevices,
): CameraDoubt | undefined {
  if (declared) return undefined;
  return label !== undefined && isVirtualCamera(label, devices()) ? 'virtual' : doubt;
}
