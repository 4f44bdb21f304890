/** The part of `navigator.mediaDevices` that is used to open a camera; tests pass their own. */
export type CameraDevices = Pick<MediaDevices, 'getUserMedia' | 'enumerateDevices'>;

const VIDEO = { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30 } } as const;

interface NamedCamera {
  /** Its label. From the second camera with the same label on, a number is appended. */
  readonly name: string;
  readonly id: string;
}

/**
 * Lists the cameras by name. Ids change with each browser profile, and the kiosk has a new profile at each start.
 *
 * @returns none while the browser hides the labels, which is until a camera has been granted
 */
async function namedCameras(devices: CameraDevices): Promise<NamedCamera[]> {
  const seen = new Map<string, number>();
  const found = (await devices.enumerateDevices()).filter(({ kind, label }) => kind === 'videoinput' && label !== '');
  return found.map(({ label, deviceId }) => {
    const nth = (seen.get(label) ?? 0) + 1;
    seen.set(label, nth);
    return { name: nth === 1 ? label : `${label} (${nth})`, id: deviceId };
  });
}

export const cameraNames = async (devices: CameraDevices): Promise<string[]> =>
  (await namedCameras(devices)).map(({ name }) => name);

/**
 * Opens the chosen camera, or any other if that one is not available, so that people can still check in.
 *
 * @param chosen name of a camera; null: the browser's preference
 * @returns the stream, and whether it is another camera than the chosen one
 * @throws the error of `getUserMedia`
 */
export async function openChosen(
  devices: CameraDevices,
  chosen: string | null,
): Promise<{ stream: MediaStream; instead: boolean }> {
  const any = () => devices.getUserMedia({ audio: false, video: { ...VIDEO, facingMode: 'user' } });
  if (chosen === null) return { stream: await any(), instead: false };
  const one = async (): Promise<MediaStream | null> => {
    const id = (await namedCameras(devices)).find(({ name }) => name === chosen)?.id;
    const video = { ...VIDEO, deviceId: { exact: id ?? '' } };
    return id ? devices.getUserMedia({ audio: false, video }).catch(() => null) : null;
  };
  const first = await one();
  if (first) return { stream: first, instead: false };
  const other = await any();
  if (other.getVideoTracks()[0]?.label === chosen) return { stream: other, instead: false };
  // The labels may have been hidden until now. Some machines can't open two cameras at once, so the first is released.
  const named = (await cameraNames(devices)).includes(chosen);
  if (!named) return { stream: other, instead: true };
  for (const track of other.getTracks()) track.stop();
  const second = await one();
  return second ? { stream: second, instead: false } : { stream: await any(), instead: true };
}
