import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../../../test/kit/folder.ts';
import { cameraDoubt, videoDevices } from './camera-doubt.ts';

test('a device of the system is virtual if it links to no hardware', () => {
  using root = temporaryFolder();
  const listed = join(root.path, 'class');
  mkdirSync(listed);
  const device = (where: string, name: string) => {
    const path = join(root.path, 'devices', where);
    mkdirSync(path, { recursive: true });
    writeFileSync(join(path, 'name'), `${name}\n`);
    symlinkSync(path, join(listed, where.split('/').at(-1)!));
  };
  device('pci0000:00/usb1/video4linux/video0', 'Webcam');
  device('virtual/video4linux/video1', 'Webcam, passed on');
  mkdirSync(join(listed, 'video2')); // its name can't be read
  expect(videoDevices(listed)).toEqual([
    { name: 'Webcam', virtual: false },
    { name: 'Webcam, passed on', virtual: true },
  ]);
  expect(videoDevices(join(root.path, 'missing'))).toEqual([]);
});

test('a virtual camera takes precedence over suspicious frames, and a site that has declared it sees neither', () => {
  const none = () => [];
  expect(cameraDoubt({ label: 'OBS Virtual Camera', doubt: 'repeats' }, false, none)).toBe('virtual');
  expect(cameraDoubt({ label: 'Webcam', doubt: 'repeats' }, false, none)).toBe('repeats');
  expect(cameraDoubt({ label: 'Webcam' }, false, () => [{ name: 'Webcam', virtual: true }])).toBe('virtual');
  expect(cameraDoubt({ label: 'Webcam' }, false, none)).toBeUndefined();
  expect(cameraDoubt({}, false, none)).toBeUndefined();
  expect(cameraDoubt({ label: 'OBS Virtual Camera', doubt: 'repeats' }, true, none)).toBeUndefined();
});
