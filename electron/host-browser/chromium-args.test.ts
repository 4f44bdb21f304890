import { describe, expect, it } from 'vitest';
import { requireChromium, sandboxFor } from './chromium.ts';
import { type ChromiumPlan, chromiumArgs, chromiumEnv, chromiumPreferences } from './chromium-args.ts';

const plan: ChromiumPlan = {
  mode: 'kiosk',
  origin: 'http://127.0.0.1:4000',
  enterFile: '/run/user/1000/smartpresence-x/enter.html',
  profile: '/run/user/1000/smartpresence-x/profile',
  demo: false,
  sandbox: true,
  footage: null,
};

describe('the browser’s command line', () => {
  it('keeps the sandbox, and grants no device by a switch, in production', () => {
    const args = chromiumArgs({ ...plan, footage: '/tmp/x.mjpeg' });
    expect(args).not.toContain('--no-sandbox');
    expect(args.filter((a) => a.includes('fake') || a.includes('remote-debugging'))).toEqual([]);
    expect(args).toContain('--kiosk');
  });

  it('has WebGL even without a usable GPU, since face detection needs it', () => {
    expect(chromiumArgs(plan)).toContain('--enable-unsafe-swiftshader');
  });

  it('plays footage in a demo', () => {
    const args = chromiumArgs({ ...plan, mode: 'headless', demo: true, sandbox: false, footage: '/tmp/x.mjpeg' });
    expect(args).toContain('--use-file-for-fake-video-capture=/tmp/x.mjpeg');
    expect(args).toContain('--no-sandbox');
    expect(args).not.toContain('--kiosk');
  });

  it('limits the browser to the kiosk’s own origin, and blocks its own traffic', () => {
    const args = chromiumArgs(plan);
    for (const needed of [
      '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
      '--proxy-bypass-list=<-loopback>;127.0.0.1:4000',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--disable-breakpad',
      '--disable-crash-reporter',
      '--disable-extensions',
      '--no-first-run',
    ]) {
      expect(args).toContain(needed);
    }
  });

  it('contains the bootstrap file but never a token: only one argument is an address', () => {
    expect(chromiumArgs(plan).filter((a) => !a.startsWith('--'))).toEqual([`file://${plan.enterFile}`]);
  });

  it('grants the camera only to the kiosk’s origin, and the microphone to nobody', () => {
    const prefs = chromiumPreferences(plan.origin) as {
      profile: { content_settings: unknown; default_content_setting_values: Record<string, number> };
    };
    expect(prefs.profile.content_settings).toEqual({
      exceptions: { media_stream_camera: { 'http://127.0.0.1:4000,*': { setting: 1 } } },
    });
    expect(prefs.profile.default_content_setting_values).toMatchObject({ media_stream_mic: 2, media_stream_camera: 2 });
  });

  it('passes on no secret from the host’s environment', () => {
    const env = chromiumEnv(
      { DISPLAY: ':0', ENCRYPTION_KEY: 's', SMARTPRESENCE_HOME: 'h', CREDENTIALS_DIRECTORY: 'c', HOME: '/root' },
      '/p',
    );
    expect(env).toEqual({ DISPLAY: ':0', HOME: '/p' });
  });
});

describe('who may run the browser', () => {
  it('refuses root outside a demo, with a code', () => {
    expect(() => sandboxFor(0, false)).toThrow(expect.objectContaining({ code: 'root-refused' }));
    expect(sandboxFor(0, true)).toBe(false);
    expect(sandboxFor(1000, false)).toBe(true);
    expect(sandboxFor(1000, true)).toBe(true);
  });

  it('reports with a code that the named program is missing', () => {
    expect(() => requireChromium({ SMARTPRESENCE_CHROMIUM: '/nowhere/chromium' })).toThrow(
      expect.objectContaining({ code: 'chromium-not-a-program' }),
    );
    expect(requireChromium({ SMARTPRESENCE_CHROMIUM: '/bin/sh' })).toBe('/bin/sh');
  });
});
