import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { replaceFile } from '../../../sync/disk/replace.ts';
import { Problem } from '../../../sync/errors/problem.ts';
import type { DataKind } from '../../../sync/protocol/api/data-kinds.ts';
import { faultOfVariable, readConfig, VARIABLES } from '../../../sync/server/app/config.ts';
import { withServer } from '../../../sync/server/app/open.ts';
import { accountByEmail, addAccount, listAccounts } from '../../../sync/server/core/accounts/accounts.ts';
import { createLink, linkUrl } from '../../../sync/server/core/accounts/links.ts';
import { listTexts } from '../../../sync/server/core/consents/texts.ts';
import { policyOf, setPolicy } from '../../../sync/server/core/sites/policy.ts';
import { DEFAULT_SCOPE, ensureDefaultSite } from '../../../sync/server/core/sites/sites.ts';
import { OPERATOR } from '../../../sync/server/platform/audit/actor.ts';
import { writeAudit } from '../../../sync/server/platform/audit/write.ts';
import { holdsServer, openBare } from '../../../sync/server/platform/database/open.ts';
import { databaseProblem } from '../../../sync/server/platform/database/postgres.ts';
import { inTransaction } from '../../../sync/server/platform/database/retry.ts';
import type { Tx } from '../../../sync/server/platform/database/schema.ts';
import { databaseText, readDatabaseUrl } from '../../../sync/server/platform/database/url.ts';
import { makeServerHome } from '../../../sync/server/platform/home.ts';
import { readKey } from '../../../sync/server/platform/keys/strength.ts';
import { generateKeys } from '../keys/generate.ts';
import { asOwner } from '../server/installed.ts';
import type { Answers } from './checks.ts';
import { addsTexts, KEPT, keepConsentTexts, readConsentTexts } from './consent-text.ts';
import type { Keeper } from './keep.ts';
import type { Prompt } from './prompt.ts';
import { DATABASE, type Question, STEPS, type Step } from './steps.ts';

const KEYS = ['ENCRYPTION_KEY', 'SECRET_KEY'] as const;
/** Where a set-up without a terminal writes a copy of new keys. */
const COPY = 'SETUP_KEYS_COPY';

interface Done {
  readonly home: string;
  readonly changed: readonly string[];
  readonly keys: 'made' | 'given' | 'kept';
  /** Link for the first administrator; null: the account exists already. */
  readonly link: string | null;
}

/** @returns notes @throws Problem if an answer is wrong */
type TryOut = (answers: Answers) => Promise<readonly string[]>;

interface Answerer {
  /** Asks the questions of a step until `tryOut` accepts the answers. */
  step(step: Step, known: Answers, tryOut: TryOut): Promise<Record<string, string | undefined>>;
  /** Shows new keys once. @param before whether an unfinished set-up may have shown others earlier */
  newKeys(keys: Readonly<Record<string, string>>, before: boolean): Promise<void>;
  oldKeys(): Promise<Record<string, string>>;
  say(text: string): void;
}

/** Sets a server up, or changes an existing set-up. @throws Problem `answers-missing`, and those of checks and of opening it */
export async function setUp(keeper: Keeper, answerer: Answerer): Promise<Done> {
  const kept = keeper.read();
  let before: Answers = known(kept);
  answerer.say(`Sets up ${keeper.where}.\nSecrets are kept ${keeper.secrecy}.`);
  let now: Record<string, string | undefined> = { ...before };
  let holds = false;
  const take = async (step: Step) => {
    // As the server's user, who will have to reach and read everything later.
    const tryOut = async (answers: Answers) => {
      const notes = await asOwner(keeper.home, async () => step.check?.(variables(answers), variables(before)));
      if (step === DATABASE) holds = await hasServer(keeper.home, answers.SMARTPRESENCE_DATABASE_URL);
      return notes ?? [];
    };
    now = { ...now, ...(await answerer.step(step, now, tryOut)) };
  };
  makeHome(keeper);
  await take(DATABASE);
  const { SMARTPRESENCE_DATABASE_URL: database } = now;
  answerer.say(`Works with ${databaseText(database === 'embedded' ? null : database)}.`);
  const changed = keeper.keep(variables({ ...kept, SMARTPRESENCE_DATABASE_URL: database }));
  const keys = await settleKeys(answerer, before, holds);
  Object.assign(now, keys.values);
  // Stored now, so that keys already shown are not lost if a later question is aborted.
  changed.push(...keeper.keep(variables({ ...kept, ...keys.values, SMARTPRESENCE_DATABASE_URL: database })));
  if (keys.how !== 'made') {
    before = { ...before, ...(await whatServerKnows(keeper, { ...variables(now) })) };
    now = { ...before, ...now };
  }
  for (const step of STEPS) {
    await take(step);
    changed.push(...keeper.keep(variables(now)));
  }
  const config = readConfig({ ...variables(now), SMARTPRESENCE_SERVER_HOME: keeper.home });
  // Read as the current user, since the server's user need not have access to the files.
  const texts = addsTexts(now.SETUP_CONSENT_TEXT) ? readConsentTexts(now.SETUP_CONSENT_TEXT!) : [];
  if (typeof texts === 'string') throw new Problem('answer-wrong', { reason: texts });
  answerer.say('\nCreating the server in the database.');
  const link = await asOwner(keeper.home, () =>
    withServer(config, async ({ db, keys, keyring, now: clock }) => {
      /** Does work and writes its audit row in the same transaction. */
      const audited = <T>(data: readonly DataKind[], work: (tx: Tx, at: Date) => Promise<T>): Promise<T> =>
        inTransaction(db, async (tx) => {
          const result = await work(tx, clock());
          const entry = {
            actor: OPERATOR,
            action: 'write',
            route: 'setup',
            data,
            subjects: [],
            outcome: 'ok',
          } as const;
          await writeAudit(tx, keys, entry, clock());
          return result;
        });
      await ensureDefaultSite(
        db,
        { id: keyring.serverId, ...config.site, repeatSeconds: config.repeatSeconds },
        clock(),
      );
      const policy = await policyOf(db, DEFAULT_SCOPE);
      const privacy = {
        controller: now.SETUP_CONTROLLER!,
        contact: now.SETUP_PRIVACY_CONTACT!,
        dpo: now.SETUP_DPO!,
      };
      await setPolicy(db, DEFAULT_SCOPE, { ...policy, privacy }, clock(), 'operator');
      if (texts.length > 0)
        await audited([], (tx, at) => keepConsentTexts(tx, texts, now.SETUP_CONSENT_REVIEWED === 'yes', at));
      const email = now.SETUP_ADMIN!;
      return audited(['account.email'], async (tx, at) => {
        if (await accountByEmail(tx, keys, email)) return null;
        const account = await addAccount(tx, keys, { email, role: 'admin' }, at);
        const { token } = await createLink(tx, keys, { kind: 'account', account: account.id }, at);
        return linkUrl(config, 'console', token);
      });
    }),
  );
  return { home: keeper.home, changed: [...new Set(changed)], keys: keys.how, link };
}

/** Converts stored variables to answers. */
function known(kept: Readonly<Record<string, string>>): Answers {
  if (!kept.ENCRYPTION_KEY) return kept;
  const unset = [DATABASE, ...STEPS].flatMap(({ questions }) =>
    questions.filter(({ name, unset }) => unset && !name.startsWith('SETUP_')).map(({ name, unset }) => [name, unset!]),
  );
  const mqtt = kept.SMARTPRESENCE_MQTT_URL ? 'external' : (kept.SMARTPRESENCE_MQTT ?? 'off');
  return { ...(Object.fromEntries(unset) as Record<string, string>), ...kept, SMARTPRESENCE_MQTT: mqtt };
}

/** Converts answers to the server's variables, removing answers that mean "not set". */
function variables(answers: Answers): Record<string, string | undefined> {
  const out: Record<string, string | undefined> = {};
  for (const [name, value] of Object.entries(answers)) if (!name.startsWith('SETUP_')) out[name] = value;
  for (const { questions } of [DATABASE, ...STEPS])
    for (const { name, unset, when } of questions)
      if (name in out && ((unset !== undefined && answers[name] === unset) || (when && !when(answers))))
        out[name] = undefined;
  if (out.SMARTPRESENCE_MQTT === 'external' || out.SMARTPRESENCE_MQTT === 'off') out.SMARTPRESENCE_MQTT = undefined;
  return out;
}

/** @param holds the database already contains a server */
async function settleKeys(
  answerer: Answerer,
  before: Answers,
  holds: boolean,
): Promise<{ how: Done['keys']; values: Record<string, string> }> {
  const [encryption, secret] = KEYS.map((name) => before[name]);
  if (encryption && secret) return { how: 'kept', values: {} };
  if (holds) return { how: 'given', values: await answerer.oldKeys() };
  const made = generateKeys();
  await answerer.newKeys(made, before.SMARTPRESENCE_DATABASE_URL !== undefined);
  return { how: 'made', values: { ...made } };
}

/** Returns what an earlier set-up, or the console, configured on the server itself. */
async function whatServerKnows(keeper: Keeper, values: Answers): Promise<Record<string, string>> {
  const config = readConfig({ ...values, SMARTPRESENCE_SERVER_HOME: keeper.home });
  return asOwner(keeper.home, () =>
    withServer(config, async ({ db, keys, keyring }) => {
      const { privacy } = await policyOf(db, DEFAULT_SCOPE);
      const site = await db.selectFrom('site').selectAll().where('id', '=', keyring.serverId).executeTakeFirst();
      const admin = (await listAccounts(db, keys)).find(({ role, email }) => role === 'admin' && email !== null);
      return {
        ...(site && { SMARTPRESENCE_SITE: site.name, SMARTPRESENCE_TIMEZONE: site.time_zone }),
        ...((await listTexts(db)).length > 0 && { SETUP_CONSENT_TEXT: KEPT }),
        ...(privacy && {
          SETUP_CONTROLLER: privacy.controller,
          SETUP_PRIVACY_CONTACT: privacy.contact,
          SETUP_DPO: privacy.dpo,
        }),
        ...(admin?.email && { SETUP_ADMIN: admin.email }),
      };
    }),
  );
}

/** Whether the database contains a server. @throws Problem `database-…` */
async function hasServer(home: string, database: string | undefined): Promise<boolean> {
  if (!database || database === 'embedded') return existsSync(`${home}/pglite`);
  const address = readDatabaseUrl(database);
  if (typeof address === 'string') return false;
  const { db, close } = await asOwner(home, () => openBare(home, { postgres: address }));
  try {
    return await holdsServer(db);
  } catch (cause) {
    throw databaseProblem(cause);
  } finally {
    await close();
  }
}

function makeHome({ home, owner }: Keeper): void {
  if (!owner) makeServerHome(home);
  if (!owner || existsSync(home)) return;
  mkdirSync(home, { recursive: true, mode: 0o700 });
  chmodSync(home, 0o700);
  chownSync(home, owner.uid, owner.gid);
}

/** Whether `whatServerKnows` may return this answer. */
const isKnownToServer = (name: string): boolean =>
  name.startsWith('SETUP_') || name === 'SMARTPRESENCE_SITE' || name === 'SMARTPRESENCE_TIMEZONE';

/** Returns what is wrong with an answer; null if it is valid or the question does not apply. */
function missingOrWrong(q: Question, answers: Answers): string | null {
  if (q.when && !q.when(answers)) return null;
  const value = answers[q.name];
  if (!value) return 'is missing';
  if (value === q.unset) return null;
  // Questions with their own rule don't use the variable's.
  return q.wrong ? q.wrong(value) : faultOfVariable(q.name, value);
}

const fallbackOf = ({ fallback }: Question, answers: Answers): string | undefined =>
  typeof fallback === 'function' ? fallback(answers) : fallback;

/** Makes a sentence of a fault such as “must be …”, which elsewhere follows a variable's name. */
const sentence = (fault: string): string => (/^[a-z]/.test(fault) ? `The answer ${fault}.` : fault);

const UNSEEN = ' (not shown as you type)';

/** Replaces variables by their questions, since the person who answers doesn't know the variables. */
function asAsked(text: string, { questions }: Step): string {
  const texts = new Map(questions.map((q) => [q.name, `“${q.text.split(/, |: | \(| as /)[0]}”`]));
  return text.replaceAll(/\b[A-Z][A-Z0-9_]+\b/g, (name) => texts.get(name) ?? name);
}

/** Whether this is the end of a key, with or without the trailing `=`. */
function isEnd(typed: string, key: string): boolean {
  const [end, whole] = [typed, key].map((text) => text.replace(/=+$/, ''));
  return end!.length >= 5 && whole!.endsWith(end!);
}

/** Returns an address that was typed hidden, without its password; null if it is not an address. */
function withoutPassword(text: string): string | null {
  if (!text.includes('://') || !URL.canParse(text)) return null;
  const url = new URL(text);
  if (url.password) url.password = '***';
  return url.href;
}

/** Answers by a person at a terminal, or by piped lines. */
export function personAnswers(prompt: Prompt): Answerer {
  /** @param known answers from before this step */
  const askOne = async (q: Question, answers: Answers, known: Answers): Promise<string> => {
    for (;;) {
      const standing = answers[q.name] ?? fallbackOf(q, answers);
      const hidden = known[q.name] === standing ? 'the current value' : 'as just typed';
      const shown = standing === undefined ? '' : ` [${q.secret && standing !== q.unset ? hidden : standing}]`;
      const typed = await prompt.ask(`  ${q.text}${q.secret ? UNSEEN : ''}${shown}: `, q.secret ?? false);
      const visible = q.secret ? withoutPassword(typed) : null;
      if (visible !== null) prompt.say(`    ${visible}`);
      const value = typed || standing;
      const fault = missingOrWrong(q, { ...answers, [q.name]: value });
      if (fault === null) return value!;
      prompt.say(`    ${fault === 'is missing' ? 'An answer is needed.' : sentence(fault)}`);
    }
  };
  return {
    say: (text) => prompt.say(text),
    async step(step, known, tryOut) {
      prompt.say(`\n${step.title}`);
      let answers: Record<string, string | undefined> = { ...known };
      for (;;) {
        for (const q of step.questions)
          if (!q.when || q.when(answers)) answers = { ...answers, [q.name]: await askOne(q, answers, known) };
        try {
          for (const note of await tryOut(answers)) prompt.say(`    Note: ${note}`);
          return answers;
        } catch (cause) {
          if (!(cause instanceof Problem)) throw cause;
          const said = `${cause.code}: ${cause.message}${cause.nextStep ? `\n${cause.nextStep}` : ''}`;
          prompt.say(asAsked(said, step).replaceAll(/^/gm, '    '));
          // Don't offer the wrong answer again.
          const { setting } = cause.params;
          if (typeof setting === 'string') answers = { ...answers, [setting]: known[setting] };
        }
      }
    },
    async newKeys(keys, before) {
      prompt.say(`
Keys. Copy both to a safe place that is not this machine: without them no backup can be read. They are shown only this once.${before ? '\nKeys from an unfinished set-up are no longer valid.' : ''}
${KEYS.map((name) => `  ${name}=${keys[name]}`).join('\n')}`);
      for (const name of KEYS) {
        while (!isEnd(await prompt.ask(`  From your copy, the last 6 characters of ${name}: `), keys[name]!))
          prompt.say('    They differ. Compare your copy with what is shown above.');
      }
    },
    async oldKeys() {
      prompt.say('\nKeys. This database belongs to an existing server, which only its own keys can read.');
      const given: Record<string, string> = {};
      for (const name of KEYS)
        while (!given[name]) {
          const text = await prompt.ask(`  ${name}${UNSEEN}: `, true);
          const key = readKey(text);
          if (typeof key === 'string') prompt.say(`    It ${key}`);
          else given[name] = text;
        }
      return given;
    },
  };
}

/** Answers from a file. Reports all missing ones at once, before anything is tried, or for an existing server once it is read. */
export function fileAnswers(
  given: Readonly<Record<string, string>>,
  kept: Readonly<Record<string, string>>,
  say: (text: string) => void,
): Answerer {
  const own: Answers = { ...known({ ...kept }), ...given };
  const questions = [DATABASE, ...STEPS].flatMap((step) => step.questions);
  const names = new Set<string>([...questions.map((q) => q.name), ...VARIABLES, COPY]);
  const extras = Object.fromEntries(
    Object.entries(given).filter(([name]) => !name.startsWith('SETUP_') && !KEYS.some((key) => key === name)),
  );
  const hasKeys = Boolean(own.ENCRYPTION_KEY && own.SECRET_KEY);
  /** Returns the answers in the file, else those known, else the defaults. */
  const answersTo = (before: Answers): Answers => {
    let answers: Answers = { ...before, ...own };
    for (const q of questions)
      if (answers[q.name] === undefined && (!q.when || q.when(answers)))
        answers = { ...answers, [q.name]: fallbackOf(q, answers) };
    return answers;
  };
  const faultsOf = (asked: readonly Question[], answers: Answers): string[] =>
    asked.flatMap((q) => {
      const fault = missingOrWrong(q, answers);
      return fault === null ? [] : [`${q.name} ${fault}${fault === 'is missing' ? `: ${q.text}` : ''}`];
    });
  const refuse = (faults: readonly string[]) => {
    if (faults.length > 0) throw new Problem('answers-missing', { reason: faults.join('\n') });
  };
  // Answers left out may be stored on an existing server, so they are checked later.
  const atOnce = hasKeys
    ? questions.filter(({ name }) => own[name] !== undefined || !isKnownToServer(name))
    : questions;
  refuse([
    ...faultsOf(atOnce, answersTo({})),
    ...(hasKeys || given[COPY]
      ? []
      : [
          `${COPY} is missing: a new file for a copy of the new keys, to be moved to a safe place; or the ENCRYPTION_KEY and SECRET_KEY of an existing server`,
        ]),
    ...Object.keys(given)
      .filter((name) => !names.has(name))
      .map((name) => `${name} is not one of the questions`),
  ]);
  return {
    say,
    async step(step, before, tryOut) {
      const answers = answersTo(before);
      if (step !== DATABASE) refuse(faultsOf(questions, answers));
      const taken: Record<string, string | undefined> = step === DATABASE ? { ...extras } : {};
      for (const { name } of step.questions) taken[name] = answers[name];
      for (const note of await tryOut({ ...before, ...taken })) say(`Note: ${note}`);
      return taken;
    },
    async newKeys(keys) {
      if (KEYS.every((name) => given[name])) throw new Problem('keys-of-no-server', { variable: COPY });
      if (existsSync(given[COPY]!)) throw new Problem('keys-copy-exists', { file: given[COPY], variable: COPY });
      replaceFile(given[COPY]!, KEYS.map((name) => `${name}=${keys[name]}\n`).join(''));
      say(`The new keys are in ${given[COPY]}: move it to a safe place that is not this machine.`);
    },
    async oldKeys() {
      const [encryption, secret] = KEYS.map((name) => given[name]);
      if (!encryption || !secret) throw new Problem('keys-missing');
      return { ENCRYPTION_KEY: encryption, SECRET_KEY: secret };
    },
  };
}

export const readAnswers = (path: string): string => {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new Problem('answers-unreadable', { path, cause });
  }
};
