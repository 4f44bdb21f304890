import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Command } from '@commander-js/extra-typings';
import { command, PROGRAM } from '../../../sync/disk/program.ts';
import { print } from '../output.ts';
import { readEnvironmentFile } from '../server/env-file.ts';
import { homeOf, namesHome, ownEnvironment } from '../server/environment.ts';
import { asOwner, placesOf } from '../server/installed.ts';

/** Findings that are expected just after a set-up. A separate step says what to do about each. */
const LEFT_TO_DO = ['server-not-running', 'backup-missing', 'broker-not-connected'];
const FIRST_BACKUP = [command('backup setup'), command('backup run')];

/** The steps to set up Mosquitto, as in docs/operate/each-month.md, "Add a broker". */
function brokerSteps(hostname: string, service: boolean): string[] {
  const write = command(`server mosquitto --out ${service ? '/etc/smartpresence/mosquitto' : 'FOLDER'} --hostname`);
  if (!service) return [`Set up the broker: ${write} ${hostname}`];
  return [
    'Set up the broker, with Debian’s Mosquitto (apt-get install mosquitto) on this machine:',
    '  systemctl disable --now mosquitto',
    `  ${write} ${hostname}`,
    '  systemctl enable --now smartpresence-mosquitto smartpresence-broker-access.timer',
  ];
}

/** `setup`: leads through a server's first set-up, and through later changes. */
export function registerSetup(program: Command): void {
  program
    .command('setup')
    .description('Set up a server, or change its settings. Each answer is checked as you give it.')
    .option('--answers <file>', 'ask nothing; read all answers from a file of variables like server.env')
    .option('--json', 'one JSON object: {"home","changed","keys","link"}')
    .addHelpText(
      'after',
      `
At the end everything is checked once more, as by \`doctor\`. Run as root where the server is installed, it sets up this machine's
service (/etc/smartpresence); otherwise it sets up a folder of this user, or SMARTPRESENCE_SERVER_HOME. Keys are generated
here, shown once for safekeeping, and sealed. Running it again shows the current settings: Enter keeps one. The file of
answers names each question by its variable (docs/install/settings.md); missing ones are reported at once.`,
    )
    .action(async (o) => {
      const [{ fileAnswers, personAnswers, readAnswers, setUp }, { homeKeeper, serviceKeeper }, { Prompt }] =
        await Promise.all([import('./setup.ts'), import('./keep.ts'), import('./prompt.ts')]);
      const env = await ownEnvironment();
      const places = placesOf(env);
      const installed = PROGRAM.name === 'smartpresence' || existsSync(dirname(places.variables));
      const service = !namesHome(env) && process.getuid?.() === 0 && installed;
      const keeper = service ? serviceKeeper(places) : homeKeeper(homeOf(env));
      const say = (text: string) => void process.stderr.write(`${text}\n`);
      const prompt = o.answers === undefined ? new Prompt() : null;
      try {
        const answerer = prompt
          ? personAnswers(prompt)
          : fileAnswers(readEnvironmentFile(readAnswers(o.answers!)), keeper.read(), say);
        const done = await setUp(keeper, answerer).catch((cause) => {
          if (prompt) say(`\nYour answers are kept. To continue: ${command('setup')}`);
          throw cause;
        });
        // The complete check, as it will run later. For the broker it includes publishing and receiving a message.
        const { doctor } = await import('../../../sync/server/app/doctor.ts');
        const whole: NodeJS.ProcessEnv = { ...env, ...keeper.read(), SMARTPRESENCE_SERVER_HOME: done.home };
        const { checks } = await asOwner(done.home, () => doctor(whole));
        const found = checks.flatMap(({ findings }) => findings).filter(({ level }) => level !== 'note');
        const isFound = (code: string) => found.some((f) => f.code === code);
        const unit = 'smartpresence-server';
        const runs = service && spawnSync('systemctl', ['is-active', '--quiet', unit]).status === 0;
        const start = service ? `systemctl ${runs ? 'restart' : 'enable --now'} ${unit}` : command('server start');
        const broker = isFound('broker-not-connected') ? whole.SMARTPRESENCE_MQTT_URL : undefined;
        const lines = [
          'The server is set up.',
          done.changed.length > 0 ? `Set: ${done.changed.join(', ')}` : 'Nothing was changed.',
          ...(broker ? brokerSteps(new URL(broker.split(',')[0]!).hostname, service) : []),
          `${runs ? 'Restart the server, so that it takes effect' : 'Start the server'}: ${start}`,
          ...(isFound('backup-missing') ? [`Make the first backup: ${FIRST_BACKUP.join(', then ')}`] : []),
          done.link
            ? `Then the first administrator opens this link, once and within a day:\n${done.link}`
            : `Another sign-in link: ${command('accounts link ID')}`,
        ];
        print(o.json, done, lines.join('\n'));
        for (const { code, says, next, detail } of found)
          if (!LEFT_TO_DO.includes(code))
            say([`${code}: ${says}`, ...(detail ? [detail] : []), `→ ${next}`].join('\n    '));
      } finally {
        prompt?.close();
      }
    });
}
