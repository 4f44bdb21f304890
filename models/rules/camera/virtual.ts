export interface VideoDevice {
  readonly name: string;
  /** A program writes its frames: no hardware is behind it. */
  readonly virtual: boolean;
}

/** Names by which virtual cameras are known: of programs, of drivers, and of Chromium's own fake devices. */
const KNOWN = new RegExp(
  [
    String.raw`\b(virtual|dummy|fake|loopback|vcam|vivid|obs|ndi|manycam|splitcam|xsplit|youcam|sparkocam|camtwist|mmhmm)\b`,
    'v4l2.?loopback|fake_device|snap camera|nvidia broadcast|droidcam|iriun|epoccam|ivcam|webcamoid|akvcam|e2esoft',
    String.raw`deepfacelive|avatarify|swapcam|animaze|camo\b`,
    // Chromium calls footage in place of a camera by its file.
    String.raw`^/|\.(y4m|mjpeg)$`,
  ].join('|'),
  'i',
);

/** What Chromium adds to the name of a USB camera: ` (046d:0825)`. */
const USB_ID = / \([0-9a-f]{4}:[0-9a-f]{4}\)$/i;

/**
 * Whether a camera is a virtual device, by the label that the browser gives it and by the devices of the system. A name can be
 * chosen by the program that makes the device, so without the system's word this finds who does not hide.
 *
 * @param label of the camera's MediaStreamTrack
 * @param devices empty where the system does not say
 */
export function isVirtualCamera(label: string, devices: readonly VideoDevice[]): boolean {
  if (KNOWN.test(label)) return true;
  const named = (name: string): readonly VideoDevice[] => devices.filter((device) => device.name === name);
  if (named(label).some(({ virtual }) => virtual)) return true;
  const plain = named(label.replace(USB_ID, ''));
  return plain.length > 0 && plain.every(({ virtual }) => virtual);
}
