/**
 * Reports that the session is used whenever someone touches the page: it ends a while after that, not after the page
 * last asked something by itself.
 *
 * @param everyMs reported at most so often
 * @param tell false: nobody is signed in, and nothing was reported
 */
export function whenUsed(everyMs: number, report: () => boolean): void {
  let reportedAt = performance.now();
  const used = (): void => {
    if (performance.now() - reportedAt >= everyMs && report()) reportedAt = performance.now();
  };
  for (const event of ['pointerdown', 'keydown']) addEventListener(event, used, { passive: true });
}
