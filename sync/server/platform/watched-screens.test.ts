import sharp from 'sharp';
import { expect, test } from 'vitest';
import { MAX_PICTURE_BYTES } from '../../protocol/wire/farewell.ts';
import { jpegSize, PACE_MS, WatchedScreens } from './watched-screens.ts';

const DEVICE = '0192f5a0-0000-7000-8000-000000000001';
const NOW = new Date('2026-07-20T10:00:00.000Z');
const drawn = (width: number, height: number) =>
  sharp({ create: { width, height, channels: 3, background: '#336699' } });

test('the size of a JPEG is read', async () => {
  expect(jpegSize(await drawn(640, 400).jpeg().toBuffer())).toEqual([640, 400]);
  expect(jpegSize(await drawn(31, 2000).jpeg({ progressive: true }).toBuffer())).toEqual([31, 2000]);
  expect(jpegSize(await drawn(8, 8).jpeg().withMetadata({ orientation: 6 }).toBuffer())).toEqual([8, 8]);
});

test('a picture that is no JPEG or is too large is refused, and the previous one is kept', async () => {
  const screens = new WatchedScreens();
  const watch = { command: 'one', by: 'admin' };
  screens.begin(DEVICE, watch, NOW);
  const good = await drawn(640, 400).jpeg().toBuffer();
  screens.take(DEVICE, good, NOW);
  const later = new Date(NOW.getTime() + PACE_MS);
  const hostile = [
    '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
    '<!doctype html><meta http-equiv="refresh" content="0;url=https://evil.example/">',
    '',
    Buffer.from('ffd8', 'hex'),
    // Segments without a frame, and segments of length zero.
    Buffer.from(`ffd8${'ffe00002'.repeat(100)}`, 'hex'),
    Buffer.from(`ffd8${'ffe00000'.repeat(100)}`, 'hex'),
    await drawn(640, 400).png().toBuffer(),
    await drawn(2001, 10).jpeg().toBuffer(),
    Buffer.concat([good, Buffer.alloc(MAX_PICTURE_BYTES)]),
  ];
  for (const bytes of hostile)
    expect(() => screens.take(DEVICE, Buffer.from(bytes), later)).toThrow(
      expect.objectContaining({ code: 'screen-malformed' }),
    );
  expect(screens.show(DEVICE, watch, 0, later)).toMatchObject({ sequence: 1, picture: good.toString('base64') });
});
