export interface VideoDevice {
  readonly name: string;
  /** Its frames come from a program, not from hardware. */
  readonly virtual: boolean;
}

/** Known names of virtual cameras: of programs, drivers, and Chromium's own fake devices. */
const KNOWN = new RegExp(
  [
    String.raw`\b(virtual|dummy|fake|loopback|vcam|vivid|obs|ndi|manycam|splitcam|xsplit|youcam|sparkocam|camtwist|mmhmm)\b`,
    'v4l2.?loopback|fake_device|snap camera|nvidia broadcast|droidcam|iriun|epoccam|ivcam|webcamoid|akvcam|e2esoft',
    String.raw`deepfacelive|avatarify|swapcam|animaze|camo\b`,
    // Chromium names footage used as a camera by its file.
    String.raw`^/|\.(y4m|mjpeg)$`,
  ].join('|'),
  'i',
);

/** Suffix that Chromium adds to the name of a USB camera: ` (046d:0825)`. */
const USB_ID = / \([0-9a-f]{4}:[0-9a-f]{4}\)$/i;

/**
 * Returns whether a camera is a virtual device, by its label in the browser and the system's devices. The program that makes the
 * device can choose the name, so without the system's list only undisguised ones are found.
 *
 * @param label of the camera's MediaStreamTrack
 * @param devices empty if the system doesn't provide them
 */
export function isVirtualCamera(label: string, devices: readonly VideoDevice[]): boolean {
  if (KNOWN.test(label)) return true;
  const named = (name: string): readonly VideoDevice[] => devices.filter((device) => device.name === name);
  if (named(label).some(({ virtual }) => virtual)) return true;
  const plain = named(label.replace(USB_ID, ''));
  return plain.length > 0 && plain.every(({ virtual }) => virtual);
}
