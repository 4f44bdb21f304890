import { expect, test } from 'vitest';
import { isVirtualCamera } from './virtual.ts';

test.each([
  'OBS Virtual Camera',
  'OBS-Camera (v4l2loopback)',
  'Dummy video device (0x0000)',
  'Snap Camera',
  'ManyCam Virtual Webcam',
  'NVIDIA Broadcast',
  'DroidCam Source 3',
  'vivid-000-vid-cap',
  'fake_device_0',
  '/home/kiosk/clip.mjpeg',
  'footage.y4m',
])('%s is recognised as a virtual camera', (label) => expect(isVirtualCamera(label, [])).toBe(true));

test.each([
  'Integrated Camera: Integrated C (0c45:6713)',
  'HD Pro Webcam C920 (046d:082d)',
  'Jobsbot Webcam',
  'unicam',
  'Camera Module v3',
  'FaceTime HD Camera',
  '',
])('%s is not', (label) => expect(isVirtualCamera(label, [])).toBe(false));

test('a virtual device with a harmless name is found in the system’s list, even beside the camera it is named after', () => {
  const real = { name: 'HD Pro Webcam C920', virtual: false };
  const program = { name: 'HD Pro Webcam C920', virtual: true };
  expect(isVirtualCamera('HD Pro Webcam C920 (046d:082d)', [real])).toBe(false);
  // Chromium appends an id to the name of a USB camera. This one has none.
  expect(isVirtualCamera('HD Pro Webcam C920', [real, program])).toBe(true);
  expect(isVirtualCamera('HD Pro Webcam C920 (046d:082d)', [real, program])).toBe(false);
  expect(isVirtualCamera('HD Pro Webcam C920 (046d:082d)', [program])).toBe(true);
  expect(isVirtualCamera('Any (046d:082d)', [real, { name: 'Any (046d:082d)', virtual: true }])).toBe(true);
  expect(isVirtualCamera('Other', [real, program])).toBe(false);
});
