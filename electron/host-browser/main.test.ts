import { describe, expect, test } from 'vitest';
import { readRunSettings } from './main.ts';

describe('settings of kiosk run', () => {
  test('default to full screen, the secret from systemd, and any port', () => {
    expect(readRunSettings([], {})).toEqual({ browser: 'kiosk', deviceSecret: 'systemd', demo: false });
  });

  test('come from the environment unless there is an argument; an empty variable counts as none', () => {
    const env = { SMARTPRESENCE_BROWSER: 'none', SMARTPRESENCE_DEVICE_SECRET: 'file', SMARTPRESENCE_PORT: '8080' };
    expect(readRunSettings([], env)).toEqual({ browser: 'none', deviceSecret: 'file', port: 8080, demo: false });
    expect(readRunSettings(['--browser', 'headless', '--port', '9090'], env)).toMatchObject({
      browser: 'headless',
      port: 9090,
    });
    expect(readRunSettings([], { SMARTPRESENCE_BROWSER: '', SMARTPRESENCE_PORT: '' })).toMatchObject({
      browser: 'kiosk',
    });
  });

  test.each([
    [['--browser', 'lynx'], {}, 'browser takes'],
    [[], { SMARTPRESENCE_DEVICE_SECRET: 'tpm' }, 'device-secret takes'],
    [['--port', '70000'], {}, '65535'],
    [['--port', 'x'], {}, '1 to 65535'],
    [['--footage', '/a.mjpeg'], {}, 'works only with --demo'],
    [['--demo', '--footage', 'a.mjpeg'], {}, 'absolute path'],
    [['--nothing'], {}, '--nothing'],
    [['word'], {}, 'word'],
  ] as const)('%s %s are refused with an explanation', (argv, env, expected) => {
    expect(() => readRunSettings(argv, env)).toThrow(
      expect.objectContaining({ code: 'arguments-wrong', message: expect.stringContaining(expected) }),
    );
  });
});
