import { parseArgs } from 'node:util';
import { EXIT } from './exit-codes.ts';
import { runAppliance } from './start/appliance.ts';

const HELP = `npm start [-- OPTIONS]

Starts a kiosk and its server on this machine and opens the kiosk. Everything is kept in SMARTPRESENCE_HOME, by default
smartpresence in the user's data folder. Ctrl-C stops everything.

  --camera demo   recorded footage in place of a camera: two enrolled people walk up to the kiosk. Chosen by itself
                  where there is neither a display nor a camera
  --camera real   the machine's camera
  --port N        port of the kiosk's page on the loopback interface (default: a free one)
  --help          this text`;

const { values } = parseArgs({
  options: { camera: { type: 'string' }, port: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
  strict: true,
});
if (values.help) {
  process.stdout.write(`${HELP}\n`);
} else if (values.camera !== undefined && values.camera !== 'demo' && values.camera !== 'real') {
  process.stderr.write(`start: --camera takes demo or real, not ${values.camera}\n`);
  process.exitCode = EXIT.usage;
} else {
  process.exitCode = await runAppliance({
    camera: values.camera ?? 'auto',
    port: values.port === undefined ? null : Number(values.port),
  });
}
