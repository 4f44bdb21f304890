import { describe, expect, it } from 'vitest';
import { cameraHealth, createDeviceReporter } from './health.ts';

/** A store that keeps what it is given, and a clock. */
function reporter() {
  const settings = new Map<string, string>();
  const notified: unknown[] = [];
  let now = 0;
  const store = {
    settings: { get: (key: string) => settings.get(key) ?? null },
    events: {
      reportIfSpace(code: string, detail: Record<string, unknown>, keep: Readonly<Record<string, string>> = {}) {
        notified.push({ code, ...detail });
        for (const [key, value] of Object.entries(keep)) settings.set(key, value);
        return true;
      },
    },
  };
  return { notified, report: createDeviceReporter(store, () => now), pass: (ms: number) => (now += ms) };
}

describe('what the server learns about the camera', () => {
  it('is that it is frozen, once, after that has lasted, and that it has recovered', () => {
    const { notified, report, pass } = reporter();
    const camera = (condition: Parameters<typeof cameraHealth>[0]) => report(cameraHealth(condition));
    camera('ok');
    camera('frozen');
    expect(notified).toEqual([]);
    for (let i = 0; i < 10; i++) {
      pass(15_000);
      camera('frozen');
    }
    expect(notified).toEqual([{ code: 'device', kind: 'camera', name: 'camera', state: 'frozen' }]);
    camera('ok');
    pass(15_000);
    camera('ok');
    expect(notified.slice(1)).toEqual([{ code: 'device', kind: 'camera', name: 'camera', state: 'ok' }]);
  });

  it('is nothing temporary: a cover, a start, a camera that nobody needs', () => {
    const { notified, report, pass } = reporter();
    for (const condition of ['starting', 'covered', 'off'] as const) {
      for (let i = 0; i < 10; i++) {
        pass(15_000);
        report(cameraHealth(condition));
      }
    }
    expect(notified).toEqual([]);
  });
});
