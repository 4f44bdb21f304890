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
  /** What the question is about, shown before it. */
  readonly subject?: ComponentChildren;
  /** Label of the confirming button, such as "Void it"; defaults to the title. */
  readonly action?: string;
  /** Label of the other button where "Cancel" could be misread as the action; null: no such button, just text to read. */
  readonly keep?: string | null;
  /** The action deletes or revokes something: a red button. */
  readonly danger?: boolean;
  /** Has to be typed before the button works, for actions that can't be undone. */
  readonly word?: string;
}

const asked = signal<(Question & { id: number; answer: (yes: boolean) => void }) | null>(null);
let count = 0;

/**
 * Asks for confirmation. A question still open, for example after pressing Back, is answered with no.
 *
 * @returns whether the user confirmed
 */
export const confirm = (question: Question): Promise<boolean> =>
  new Promise((resolve) => {
    asked.peek()?.answer(false);
    count += 1;
    asked.value = { ...question, id: count, answer: resolve };
  });

/** Answers an open question with no, because its user has left. A dialog that only shows something is kept. */
export function answerNo(): void {
  const question = asked.peek();
  if (!question || question.keep === null) return;
  asked.value = null;
  question.answer(false);
}

/** Rendered once, in the shell. */
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
  // Text copied from the question may contain the direction marks around it.
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
