import { readJournal } from '../../../electron/core/leaving/journal.ts';
import { startRemovedCore } from '../../../electron/core/removed-core.ts';

/*
 * Resumes the wipe of a folder until it is done, or until the process is killed right before the given step, as a power cut
 * would do. argv: home, name of the step or '-'.
 */
const [home, last] = [process.argv[2]!, process.argv[3]!];
const journal = readJournal(home);
if (!journal) throw new Error('there is nothing to go on with');
const core = startRemovedCore(journal, {
  home,
  log: () => undefined,
  at(step) {
    if (step === last) process.kill(process.pid, 'SIGKILL');
  },
});
const done = async () => {
  const { setup } = await core.methods.status({});
  if (setup?.at === 'removed' && setup.step === 'done') process.exit(0);
  setTimeout(done, 50);
};
void done();
