import { expect, test } from 'vitest';
import { coreEnv } from './core-env.ts';

test('a core gets paths and language of its host, and none of its secrets', () => {
  const passed = { PATH: '/usr/bin', HOME: '/home/kiosk', LC_ALL: 'C.UTF-8', TZ: 'UTC', XDG_DATA_HOME: '/data' };
  const kept = {
    SMARTPRESENCE_STAFF_PIN: '582046',
    SMARTPRESENCE_NEW_STAFF_PIN: '582046',
    SMARTPRESENCE_DATABASE_URL: 'postgres://user:password@db/',
    CREDENTIALS_DIRECTORY: '/run/credentials/kiosk.service',
    NODE_OPTIONS: '--inspect',
    AWS_SECRET_ACCESS_KEY: 'x',
  };
  expect(coreEnv({ ...passed, ...kept })).toEqual(passed);
});
