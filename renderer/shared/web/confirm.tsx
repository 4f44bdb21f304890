import { signal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { inSmall } from '../i18n.ts';
import { away } from './api.ts';
import { Form, Submit, TextField } from './form.tsx';
import { t } from './i18n.ts';
import { Dialog } from './pieces.tsx';

export interface Question {
  readonly title: string;
  readonly text?: string;
  /** What the question is about, to be read before it. */
  readonly subject?: ComponentChildren;
  /** What the button does, e.g. "Void it"; the title where it is absent. */
  readonly action?: string;
  /** What leaves things as they are, where "Cancel" may be taken for what is asked; null: there is nothing to decide, only to read. */
  readonly keep?: string | null;
  /** Red: it takes something away. */
  readonly danger?: boolean;
  /** To be typed before the button works, for what can't be taken back. */
  readonly word?: string;
}

const asked = signal<(Question & { id: number; answer: (yes: boolean) => void }) | null>(null);
let count = 0;

/**
 * Asks before something is done. Another question that is still open, as where someone goes back from it, is answered with no.
 *
 * @returns whether it is to be done
 */
export const confirm = (question: Question): Promise<boolean> =>
  new Promise((resolve) => {
    asked.peek()?.answer(false);
    count += 1;
    asked.value = { ...question, id: count, answer: resolve };
  });

/** Answers what is asked with no: who was to decide is no longer here. What is only there to be read stays. */
export function answerNo(): void {
  const question = asked.peek();
  if (!question || question.keep === null) return;
  asked.value = null;
  question.answer(false);
}

/** Stands once in the shell. */
export function Confirmation() {
  const question = asked.value;
  // It may name people, and no one is signed in who may read that.
  if (!question || (away.value && question.keep !== null)) return null;
  const answer = (yes: boolean) => {
    asked.value = null;
    question.answer(yes);
  };
  return (
    <Dialog
      key={question.id}
      title={question.title}
      wide={question.subject !== undefined}
      onClose={() => answer(false)}
    >
      <Ask question={question} answer={answer} />
    </Dialog>
  );
}

function Ask({ question, answer }: { question: Question; answer: (yes: boolean) => void }) {
  const { title, text, subject, action = title, keep, danger = false, word } = question;
  const [typed, setTyped] = useState('');
  // Copied from the question above, it may bring the marks that keep it in its own direction.
  const plain = typed.replaceAll(/[\u2066-\u2069]/g, '').trim();
  const ready = word === undefined || inSmall(plain) === inSmall(word);
  return (
    <Form class="stack" onSubmit={() => ready && answer(true)}>
      {subject}
      {text && <p>{text}</p>}
      {word !== undefined && <TextField label={t('confirm.type', { word })} value={typed} onValue={setTyped} />}
      <Submit
        danger={danger}
        disabled={!ready}
        cancel={keep ?? undefined}
        onCancel={keep === null ? undefined : () => answer(false)}
      >
        {action}
      </Submit>
    </Form>
  );
}
