import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { printPage } from '../../../../electron/contract/connect.ts';
import type { Printing } from '../../../../electron/contract/printing.ts';
import { Button, type ButtonProps } from '../../../shared/button.tsx';
import { IconPrint } from '../../../shared/icons.tsx';
import { t } from '../../i18n.ts';
import { staffErrorText, useStaff } from './session.ts';

/** Interval between queries of the page's fate, ms, and how many queries may not find the page before it counts as lost. */
const EVERY_MS = 1_000;
const LOST_AFTER = 20;

/** Prints the screen and reports the outcome. Without a printer, shows a note and `instead`, what works without one. */
export function Print({ instead, size }: Pick<ButtonProps, 'size'> & { instead: string }) {
  const { core } = useStaff();
  const none = useSignal(false);
  const message = useSignal('');
  const bad = useSignal(false);
  const busy = useSignal(false);
  const over = useRef(false);
  const ask = (after: number | null): Promise<Printing> => core.printing({ after });
  const say = (next: string, wrong = false): void => {
    message.value = next;
    bad.value = wrong;
  };

  useEffect(() => {
    ask(null).then(
      (now) => {
        none.value = now.printer === 'none';
        if (now.trouble) say(t(`printing.trouble.${now.trouble}`), true);
      },
      (cause) => say(staffErrorText(cause), true),
    );
    return () => {
      over.current = true;
    };
  }, []);

  async function print(): Promise<void> {
    if (busy.value) return;
    busy.value = true;
    say(t('printing.sending'));
    try {
      const before = await ask(null);
      none.value = before.printer === 'none';
      if (none.value) return;
      // The style sheet keeps this message off the paper.
      printPage();
      if (before.printer === 'unknown') return say(t('printing.sent'));
      await follow(before.newest);
    } catch (cause) {
      say(staffErrorText(cause), true);
    } finally {
      busy.value = false;
    }
  }

  async function follow(after: number): Promise<void> {
    for (let asked = 0; !over.current; asked++) {
      await new Promise((done) => setTimeout(done, EVERY_MS));
      if (over.current) return;
      const { job, trouble } = await ask(after);
      if (job === 'printed') return say(t('printing.printed'));
      if (job === 'failed') return say(`${t('printing.failed')} ${instead}`, true);
      if (job === 'none' && asked >= LOST_AFTER) return say(`${t('printing.lost')} ${instead}`, true);
      if (trouble) say(`${t(`printing.trouble.${trouble}`)} ${t('printing.goesOn')}`, true);
      else say(t(job === 'waiting' ? 'printing.waiting' : 'printing.sending'));
    }
  }

  return (
    <>
      {!none.value && (
        <Button icon={<IconPrint />} size={size} disabled={busy.value} onClick={() => void print()}>
          {t('printing.print')}
        </Button>
      )}
      <p class="print-status" role="status" data-bad={bad.value}>
        {none.value ? `${t('printing.none')} ${instead}` : message.value}
      </p>
    </>
  );
}
