import { expect, test, vi } from 'vitest';
import { newSealingKey, publicHalf } from '../../../../sync/protocol/seal/keys.ts';
import { openPosition } from '../../../../sync/protocol/seal/position.ts';
import { sealedPlaces } from './places.ts';

const device = '11111111-1111-4111-8111-111111111111';
const ada = { id: '44444444-4444-4444-8444-444444444444', gpsOptOut: false };
const here = { latitude: 52.52, longitude: 13.405 };

function rig(place: typeof here | null, withKey = true) {
  const mine = newSealingKey();
  const position = vi.fn(() => place);
  const log = vi.fn();
  const sealed = sealedPlaces({ device, position, key: () => (withKey ? publicHalf(mine) : null), log });
  return {
    sealed,
    position,
    log,
    open: (text: string) => openPosition(text, { device, person: ada.id }, async () => mine),
  };
}

test('a person who opted out is not located: no fix is even read', async () => {
  const { sealed, position } = rig(here);
  expect(await sealed({ ...ada, gpsOptOut: true })).toBeNull();
  expect(position).not.toHaveBeenCalled();
});

test('a position leaves the kiosk sealed so that only the server can open it, and there is none without a server or a fix', async () => {
  const { sealed, open } = rig(here);
  expect(await open((await sealed(ada))!)).toEqual(here);
  expect(await rig(here, false).sealed(ada)).toBeNull();
  expect(await rig(null).sealed(ada)).toBeNull();
});

test('a place that can’t be encrypted keeps nobody out', async () => {
  const { sealed, log } = rig({ ...here, latitude: 200 });
  expect(await sealed(ada)).toBeNull();
  expect(log).toHaveBeenCalledOnce();
});
