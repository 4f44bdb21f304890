import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { keepAwake } from './awake.ts';

class Page extends EventTarget {
  visibilityState = 'visible';
  show(state: 'visible' | 'hidden'): void {
    this.visibilityState = state;
    this.dispatchEvent(new Event('visibilitychange'));
  }
}

function system(): { page: Page; lock: WakeLock; locks: EventTarget[]; refuse: boolean } {
  const made = {
    page: new Page(),
    locks: [] as EventTarget[],
    refuse: false,
    lock: {
      async request() {
        if (made.refuse) throw new DOMException('Wake Lock permission request denied', 'NotAllowedError');
        const lock = new EventTarget();
        made.locks.push(lock);
        return lock;
      },
    } as unknown as WakeLock,
  };
  return made;
}

const keep = ({ page, lock }: { page: Page; lock: WakeLock | undefined }) =>
  keepAwake(page as unknown as Document, lock);

describe('a screen that stays on', () => {
  it('is requested while the page is shown, and again when the page is shown again or the system releases the lock', async () => {
    const of = system();
    const dark = keep(of);
    await vi.waitFor(() => expect(of.locks).toHaveLength(1), 60_000);
    of.page.show('hidden');
    of.page.show('visible');
    await vi.waitFor(() => expect(of.locks).toHaveLength(2), 60_000);
    of.locks[1]!.dispatchEvent(new Event('release'));
    await vi.waitFor(() => expect(of.locks).toHaveLength(3), 60_000);
    expect(dark.value).toBeNull();
  });

  it('is reported as refused until the system grants it', async () => {
    const of = system();
    of.refuse = true;
    const dark = keep(of);
    await vi.waitFor(() => expect(dark.value).toBe('refused'), 60_000);
    of.refuse = false;
    of.page.show('visible');
    await vi.waitFor(() => expect(dark.value).toBeNull(), 60_000);
  });

  it('is requested again automatically once refused: nobody hides a kiosk’s page', async () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const of = system();
    of.refuse = true;
    const dark = keep(of);
    await vi.advanceTimersByTimeAsync(0);
    expect(dark.value).toBe('refused');
    of.refuse = false;
    await vi.advanceTimersByTimeAsync(60_000);
    expect([dark.value, of.locks.length]).toEqual([null, 1]);
  });

  it('is reported as unsupported if the system has no wake lock', () => {
    expect(keep({ page: new Page(), lock: undefined }).value).toBe('unsupported');
  });
});
